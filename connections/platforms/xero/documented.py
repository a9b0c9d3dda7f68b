"""What Xero documents of the records we read, whether we read it or not.

From its OpenAPI document, which a test compares where it is at hand; and what the service sends
beyond it: ids and dates a second time, ids of its own among them, and what is wrong with a row.
https://github.com/XeroAPI/Xero-OpenAPI
"""

from connections.platforms.drift import Documented
from connections.platforms.xero import wire

_ACCOUNT = """
    AccountID AddToWatchlist BankAccountNumber BankAccountType Class Code CurrencyCode Description
    EnablePaymentsToAccount HasAttachments Name ReportingCode ReportingCodeName ShowInExpenseClaims
    Status SystemAccount TaxType Type UpdatedDateUTC ValidationErrors
"""
_ADDRESS = """
    AddressLine1 AddressLine2 AddressLine3 AddressLine4 AddressType AttentionTo City Country
    PostalCode Region
"""
_ALLOCATION = """
    AllocationID Amount CreditNote Date Invoice IsDeleted Overpayment Prepayment
    StatusAttributeString ValidationErrors
"""
_BANK_TRANSACTION = """
    BankAccount BankTransactionID Contact CurrencyCode CurrencyRate Date HasAttachments IsReconciled
    LineAmountTypes LineItems OverpaymentID PrepaymentID Reference Status StatusAttributeString
    SubTotal Total TotalTax Type UpdatedDateUTC Url ValidationErrors
"""
_CONTACT = """
    AccountNumber AccountsPayableTaxType AccountsReceivableTaxType Addresses Attachments Balances
    BankAccountDetails BatchPayments BrandingTheme CompanyNumber ContactGroups ContactID
    ContactNumber ContactPersons ContactStatus DefaultCurrency Discount EmailAddress FirstName
    HasAttachments HasValidationErrors IsCustomer IsSupplier LastName MergedToContactID Name
    PaymentTerms Phones PurchasesDefaultAccountCode PurchasesDefaultLineAmountType
    PurchasesTrackingCategories SalesDefaultAccountCode SalesDefaultLineAmountType
    SalesTrackingCategories StatusAttributeString TaxNumber TaxNumberType TrackingCategoryName
    TrackingCategoryOption UpdatedDateUTC ValidationErrors Website XeroNetworkKey
"""
_CONTACT_PERSON = """
    EmailAddress FirstName IncludeInEmails LastName
"""
_CREDIT_NOTE = """
    Allocations AppliedAmount BrandingThemeID CISDeduction CISRate Contact CreditNoteID
    CreditNoteNumber CurrencyCode CurrencyRate Date DueDate FullyPaidOnDate HasAttachments HasErrors
    InvoiceAddresses LineAmountTypes LineItems Payments Reference RemainingCredit SentToContact
    Status StatusAttributeString SubTotal Total TotalTax Type UpdatedDateUTC UpdatedDateUTCString
    ValidationErrors Warnings
"""
_INVOICE = """
    AmountCredited AmountDue AmountPaid Attachments BrandingThemeID CISDeduction CISRate Contact
    CreditNotes CurrencyCode CurrencyRate Date DueDate ExpectedPaymentDate FullyPaidOnDate
    HasAttachments HasErrors InvoiceAddresses InvoiceID InvoiceNumber IsDiscounted LineAmountTypes
    LineItems Overpayments Payments PlannedPaymentDate Prepayments Reference RepeatingInvoiceID
    SentToContact Status StatusAttributeString SubTotal Total TotalDiscount TotalTax Type
    UpdatedDateUTC UpdatedDateUTCString Url ValidationErrors Warnings
"""
_ITEM = """
    Code Description InventoryAssetAccountCode IsPurchased IsSold IsTrackedAsInventory ItemID Name
    PurchaseDescription PurchaseDetails QuantityOnHand SalesDetails StatusAttributeString
    TotalCostPool UpdatedDateUTC ValidationErrors
"""
_JOURNAL = """
    CreatedDateUTC JournalDate JournalID JournalLines JournalNumber Reference SourceID SourceType
"""
_JOURNAL_LINE = """
    AccountCode AccountID AccountName AccountType Description GrossAmount JournalLineID NetAmount
    TaxAmount TaxName TaxType TrackingCategories
"""
_LINE_ITEM = """
    AccountCode AccountID Description DiscountAmount DiscountRate Item ItemCode LineAmount
    LineItemID Quantity RepeatingInvoiceID SalesTaxCodeId TaxAmount TaxBreakdown TaxType Taxability
    Tracking UnitAmount
"""
_MANUAL_JOURNAL = """
    Attachments Date HasAttachments JournalLines LineAmountTypes ManualJournalID Narration
    ShowOnCashBasisReports Status StatusAttributeString UpdatedDateUTC Url ValidationErrors Warnings
"""
_MANUAL_JOURNAL_LINE = """
    AccountCode AccountID Description IsBlank LineAmount TaxAmount TaxType Tracking
"""
_OVERPAYMENT = """
    Allocations AppliedAmount Attachments Contact CurrencyCode CurrencyRate Date HasAttachments
    LineAmountTypes LineItems OverpaymentID Payments Reference RemainingCredit Status SubTotal Total
    TotalTax Type UpdatedDateUTC UpdatedDateUTCString
"""
_PAYMENT = """
    Account Amount BankAccountNumber BankAmount BatchPayment BatchPaymentID Code CreditNote
    CreditNoteNumber CurrencyRate Date Details HasAccount HasValidationErrors Invoice InvoiceNumber
    IsReconciled Overpayment Particulars PaymentID PaymentType Prepayment Reference Status
    StatusAttributeString UpdatedDateUTC UpdatedDateUTCString ValidationErrors Warnings
"""
_PHONE = """
    PhoneAreaCode PhoneCountryCode PhoneNumber PhoneType
"""
_PREPAYMENT = """
    Allocations AppliedAmount Attachments BrandingThemeID Contact CurrencyCode CurrencyRate Date
    HasAttachments InvoiceNumber LineAmountTypes LineItems Payments PrepaymentID Reference
    RemainingCredit Status SubTotal Total TotalTax Type UpdatedDateUTC UpdatedDateUTCString
"""
_PURCHASE = """
    AccountCode COGSAccountCode TaxType UnitPrice
"""
_TAX_COMPONENT = """
    IsCompound IsNonRecoverable Name Rate
"""
_TAX_RATE = """
    CanApplyToAssets CanApplyToEquity CanApplyToExpenses CanApplyToLiabilities CanApplyToRevenue
    DisplayTaxRate EffectiveRate Name ReportTaxType Status TaxComponents TaxType
"""
_BEYOND = "DateString DateTimeUTC DueDateString ID Id ProviderName Status ValidationErrors"

DOCUMENTED: Documented = {
    wire.Wire: _BEYOND,
    wire.Account: _ACCOUNT,
    wire.TaxRate: _TAX_RATE,
    wire.Contact: _CONTACT,
    wire.Item: _ITEM,
    wire.Invoice: _INVOICE,
    wire.CreditNote: _CREDIT_NOTE,
    wire.Payment: _PAYMENT,
    wire.Overpayment: _OVERPAYMENT,
    wire.Prepayment: _PREPAYMENT,
    wire.ManualJournal: _MANUAL_JOURNAL,
    wire.Journal: _JOURNAL,
    wire.BankTransaction: _BANK_TRANSACTION,
    wire.AccountPart: _ACCOUNT,
    wire.ContactPart: _CONTACT,
    wire.Address: _ADDRESS,
    wire.Phone: _PHONE,
    wire.ContactPerson: _CONTACT_PERSON,
    wire.TaxComponent: _TAX_COMPONENT,
    wire.ItemSide: _PURCHASE,
    wire.Line: _LINE_ITEM,
    wire.PaymentPart: _PAYMENT,
    wire.CreditPart: " ".join((_CREDIT_NOTE, _OVERPAYMENT, _PREPAYMENT)),
    wire.DocumentPart: " ".join((_INVOICE, _CREDIT_NOTE, _OVERPAYMENT, _PREPAYMENT)),
    wire.Allocation: _ALLOCATION,
    wire.ManualLine: _MANUAL_JOURNAL_LINE,
    wire.JournalLine: _JOURNAL_LINE,
}
