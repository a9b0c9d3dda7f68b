"""What Intuit documents of the records we read, whether we read it or not.

From its XSDs and, of customers and vendors, its reference; a test compares them where they are at
hand. One struct may stand for several entities.
https://developer.intuit.com/app/developer/qbo/docs/api/accounting/all-entities/account
"""

from connections.platforms.drift import Documented
from connections.platforms.quickbooks import wire

DOCUMENTED: Documented = {
    wire.Row: """
        AttachableRef CustomField Id MetaData SyncToken domain sparse status
    """,
    wire.TaxCode: """
        Active AdjustmentTaxRateList AttachableRef CustomField Description Hidden Id MetaData Name
        PurchaseTaxRateList SalesTaxRateList SyncToken TaxCodeConfigType TaxCodeEx TaxGroup Taxable
        domain sparse status
    """,
    wire.Account: """
        AccountAlias AccountEx AccountPurposes AccountSubType AccountType AcctNum AcctNumExtn Active
        BankNum Classification CurrencyRef CurrentBalance CurrentBalanceWithSubAccounts Description
        FIName FullyQualifiedName JournalCodeRef Name OnlineBankingEnabled OpeningBalance
        OpeningBalanceDate ParentRef SubAccount TaxAccount TaxCodeRef TxnLocationType
    """,
    wire.Contact: """
        AcctNum Active AlternatePhone Balance BalanceWithJobs BillAddr BillRate BillWithParent
        ClientEntityId CompanyName CostRate CurrencyRef CustomerTypeRef DefaultTaxCodeRef
        DisplayName FamilyName Fax FullyQualifiedName GivenName IsProject Job Level MiddleName
        Mobile Notes ParentRef PaymentMethodRef PreferredDeliveryMethod PrimaryEmailAddr
        PrimaryPhone PrintOnCheckName SalesTermRef ShipAddr Suffix TaxExemptionReasonId
        TaxIdentifier Taxable TermRef Title V4IDPseudonym Vendor1099 WebAddr
    """,
    wire.Item: """
        AbatementRate Active AssetAccountRef AvgCost BuildPoint COGSAccountRef ClassRef
        CustomExtensions DeferredRevenue DepositToAccountRef Description ExpenseAccountRef
        FullyQualifiedName IncomeAccountRef InvStartDate ItemAssemblyDetail ItemCategoryType ItemEx
        ItemGroupDetail Level ManPartNum Name ParentRef PaymentMethodRef PercentBased PrefVendorRef
        PrintGroupedItems PurchaseCost PurchaseDesc PurchaseTaxCodeRef PurchaseTaxIncluded QtyOnHand
        QtyOnPurchaseOrder QtyOnSalesOrder RatePercent ReorderPoint ReverseChargeRate
        SalesTaxCodeRef SalesTaxIncluded ServiceType Sku Source SpecialItem SpecialItemType SubItem
        TaxClassificationRef Taxable TrackQtyOnHand Type UOMSetRef UQCDisplayText UQCId UnitPrice
    """,
    wire.Transaction: """
        CurrencyRef DepartmentRef DocNumber ExchangeRate HomeTotalCostAmount Line LinkedTxn
        PrivateNote ProjectRef RecurDataRef RecurringInfo Tag TaxFormNum TaxFormType TotalCostAmount
        TransactionLocationType TxnApprovalInfo TxnDate TxnSource TxnStatus TxnSubType TxnTaxDetail
    """,
    wire.Sale: """
        ARAccountRef AllowIPNPayment AllowOnlineACHPayment AllowOnlineAffirmPayment
        AllowOnlineCreditCardPayment AllowOnlinePayPalPayment AllowOnlinePayment
        ApplyTaxAfterDiscount AutoDocNumber AutoPayEligible Balance BillAddr BillEmail BillEmailBcc
        BillEmailCc CfdiUse CheckPayment ClassRef ConvenienceFeeDetail CreditCardPayment
        CreditMemoEx CustomerMemo CustomerRef DeliveryInfo Deposit DepositToAccountRef DiscountAmt
        DiscountRate DueDate ECloudStatusTimeStamp EInvoiceStatus EmailStatus EnabledSurchargeInfo
        Exportation FOB FinanceCharge FinancingProductType FreeFormAddress GlobalInfo
        GlobalTaxCalculation GovtTxnRefIdentifier GratuityEnabled HomeBalance HomeTotalAmt InvoiceEx
        InvoiceLink InvoiceLinkExpiryDate InvoiceLinkSecurityCode InvoiceRef LessCIS PONumber
        PaymentDetailsMessage PaymentMethodRef PaymentRefNum PaymentType PrintStatus RemainingCredit
        RemitToRef SalesRepRef SalesTermRef SchedulePayEligible ScheduledPaymentId ShipAddr ShipDate
        ShipFromAddr ShipMethodRef ShippingTaxIncludedInTotalTax SubscriptionPaymentsSetting
        TaxExemptionRef TemplateRef TotalAmt TrackingNum TxnRetainageDetail callToAction
        invoiceStatus invoiceStatusLog
    """,
    wire.PurchaseDocument: """
        APAccountRef Balance BillEmail BillEx DueDate GlobalTaxCalculation HomeBalance
        IncludeInAnnualTPAR LessCIS Memo PayerRef RemitToAddr ReplyEmail SalesTermRef ShipAddr
        TotalAmt VendorAddr VendorCreditEx VendorRef
    """,
    wire.Payment: """
        ARAccountRef CheckPayment CreditCardPayment CustomerRef DepositToAccountRef PaymentEx
        PaymentExtendedType PaymentMethodRef PaymentRefNum PaymentType ProcessPayment RemitToRef
        TotalAmt UnappliedAmt
    """,
    wire.BillPayment: """
        APAccountRef BillPaymentEx CheckPayment CreditCardPayment PayType TotalAmt VendorAddr
        VendorRef
    """,
    wire.JournalEntry: """
        Adjustment EnteredInHomeCurrency GlobalTaxCalculation HomeCurrencyAdjustment HomeTotalAmt
        JournalEntryEx TotalAmt
    """,
    wire.Movement: """
        APAccountRef ARAccountRef AccountRef Amount ApplyTaxAfterDiscount AutoDocNumber Balance
        BillAddr BillEmail BillEmailBcc BillEmailCc BillPaymentEx CashBack CheckPayment ClassRef
        Credit CreditCardPayment CustomerMemo CustomerRef DeliveryInfo DepositEx DepositToAccountRef
        DiscountAmt DiscountRate DueDate EmailStatus EntityRef FOB FinanceCharge FreeFormAddress
        FromAccountRef GlobalTaxCalculation GovtTxnRefIdentifier HomeBalance HomeTotalAmt
        IncludeInAnnualTPAR LessCIS Memo PONumber PayType PaymentEx PaymentExtendedType
        PaymentMethodRef PaymentRefNum PaymentType PrintStatus ProcessPayment PurchaseEx
        RefundReceiptEx RemainingCredit RemitToAddr RemitToRef SalesReceiptEx SalesRepRef
        SalesTermRef ShipAddr ShipDate ShipFromAddr ShipMethodRef ShippingTaxIncludedInTotalTax
        TaxExemptionRef TemplateRef ToAccountRef TotalAmt TrackingNum TransferEx TxnId TxnNum
        UnappliedAmt VendorAddr VendorRef
    """,
    wire.MetaData: """
        CreateTime CreatedByRef LastChangedInQB LastModifiedByRef LastUpdatedTime Synchronized
    """,
    wire.Line: """
        AccountBasedExpenseLineDetail Amount CostAmount CustomExtensions CustomField
        DepositLineDetail Description DescriptionLineDetail DetailType DiscountLineDetail
        GroupLineDetail HomeCostAmount Id ItemAdjustmentLineDetail ItemBasedExpenseLineDetail
        ItemReceiptLineDetail JournalEntryLineDetail LineEx LineNum LinkedTxn PaymentLineDetail
        ProjectRef PurchaseOrderItemLineDetail Received ReimburseLineDetail SalesItemLineDetail
        SalesOrderItemLineDetail SubTotalLineDetail TDSLineDetail TaxLineDetail
    """,
    wire.LinkedTxn: """
        TxnId TxnLineId TxnType
    """,
    wire.TaxDetail: """
        DefaultTaxCodeRef TaxLine TaxReviewStatus TotalTax TxnTaxCodeRef UseAutomatedSalesTax
    """,
    wire.TaxRateList: """
        TaxRateDetail originatingGroupId
    """,
    wire.Email: """
        Address Default Id Tag
    """,
    wire.Phone: """
        AreaCode CountryCode Default DeviceType ExchangeCode Extension FreeFormNumber Id Tag
    """,
    wire.Address: """
        City Country CountryCode CountrySubDivisionCode County Id Lat Line1 Line2 Line3 Line4 Line5
        Long Note PostalCode PostalCodeSuffix Tag
    """,
    wire.CheckPayment: """
        BankAccountRef BillPaymentCheckEx CheckDetail PayeeAddr PrintStatus
    """,
    wire.CardPayment: """
        BillPaymentCreditCardEx CCAccountRef CCDetail
    """,
}
