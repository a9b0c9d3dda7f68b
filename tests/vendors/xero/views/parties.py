"""The organization, its accounts, taxes, items and contacts as Xero shows them."""

from datetime import date, datetime

from sandbox.ledger.profile import Profile
from sandbox.ledger.records import Account, Address, BankAccount, Contact, Item, TaxRate
from tests.vendors.books import Body, cents
from tests.vendors.xero.views.base import Named, ms_date

_ACCOUNT_TYPE = {
    "bank": "BANK",
    "credit_card": "BANK",
    "receivable": "CURRENT",
    "current_asset": "CURRENT",
    "fixed_asset": "FIXED",
    "payable": "CURRLIAB",
    "tax": "CURRLIAB",
    "current_liability": "CURRLIAB",
    "long_term_liability": "TERMLIAB",
    "equity": "EQUITY",
    "retained_earnings": "EQUITY",
    "sales": "SALES",
    "other_income": "OTHERINCOME",
    "cost_of_sales": "DIRECTCOSTS",
    "overhead": "OVERHEADS",
    "depreciation": "DEPRECIATN",
    "interest": "EXPENSE",
}
_ACCOUNT_CLASS = {
    "asset": "ASSET",
    "liability": "LIABILITY",
    "equity": "EQUITY",
    "income": "REVENUE",
    "expense": "EXPENSE",
}
_SYSTEM = {"receivable": "DEBTORS", "payable": "CREDITORS", "retained": "RETAINEDEARNINGS"}


class Parties(Named):
    def organisation(self, profile: Profile, created: datetime) -> Body:
        month, day = profile.year_start
        last = date(2025, month, day).toordinal() - 1
        return {
            "OrganisationID": self.tenant,
            "Name": profile.name,
            "LegalName": profile.legal_name,
            "PaysTax": True,
            "Version": "GLOBAL",
            "OrganisationType": "COMPANY",
            "BaseCurrency": profile.currency,
            "CountryCode": profile.address.country,
            "IsDemoCompany": False,
            "OrganisationStatus": "ACTIVE",
            "RegistrationNumber": profile.registration_number,
            "TaxNumber": profile.tax_number,
            "FinancialYearEndDay": date.fromordinal(last).day,
            "FinancialYearEndMonth": date.fromordinal(last).month,
            "CreatedDateUTC": ms_date(created),
            "ShortCode": f"!{self.tenant[:5]}",
            "Edition": "BUSINESS",
            "Addresses": [{**_address(profile.address), "AddressType": "STREET"}],
            "Phones": [{"PhoneType": "OFFICE", "PhoneNumber": profile.phone}],
            "ExternalLinks": [],
            "PaymentTerms": {},
        }

    def account(self, record: Account, bank: BankAccount | None) -> Body:
        kind = "INVENTORY" if record.role == "inventory" else _ACCOUNT_TYPE[record.type]
        body: Body = {
            "AccountID": self.id(record.id),
            "Name": record.name,
            "Type": kind,
            "Class": _ACCOUNT_CLASS[record.classification],
            "Status": record.status.upper(),
            "TaxType": "NONE",
            "EnablePaymentsToAccount": False,
            "ShowInExpenseClaims": False,
            "SystemAccount": _SYSTEM.get(record.role, ""),
            "HasAttachments": False,
            "AddToWatchlist": False,
        }
        if record.code:
            body["Code"] = record.code
        if kind == "BANK":
            card = record.type == "credit_card"
            body["BankAccountType"] = "CREDITCARD" if card else "BANK"
            body["BankAccountNumber"] = (bank.number if bank else None) or ""
            body["CurrencyCode"] = record.currency
        else:
            body["BankAccountType"] = ""
        return body

    def tax_rate(self, record: TaxRate) -> Body:
        return {
            "Name": record.name,
            "TaxType": record.code,
            "Status": "ARCHIVED" if record.status == "archived" else "ACTIVE",
            "DisplayTaxRate": cents(record.rate),
            "EffectiveRate": cents(record.rate),
            "CanApplyToRevenue": True,
            "TaxComponents": [
                {
                    "Name": part.name,
                    "Rate": cents(part.rate),
                    "IsCompound": part.compound,
                    "IsNonRecoverable": False,
                }
                for part in record.components
            ],
        }

    def item(self, record: Item) -> Body:
        codes = {account.id: account.code for account in self.books.chart.values()}
        body: Body = {
            "ItemID": self.id(record.id),
            "Code": record.code[:30],
            "Name": record.name[:50],
            "Description": record.description or record.name,
            "IsTrackedAsInventory": record.kind == "stock",
            "IsSold": record.sale is not None,
            "IsPurchased": record.purchase is not None,
        }
        sides = (("SalesDetails", record.sale), ("PurchaseDetails", record.purchase))
        for name, side in sides:
            body[name] = {}
            if side is not None:
                body[name] = {
                    "UnitPrice": cents(side.price),
                    "AccountCode": codes[side.account_id] or "",
                    "TaxType": self.books.tax_by_id[side.tax_rate_id].code,
                }
        return body

    def contact(self, record: Contact, *, is_customer: bool) -> Body:
        first, _, last = (record.contact_name or "").partition(" ")
        kinds = {"billing": "POBOX", "delivery": "STREET"}
        return {
            "ContactID": self.id(record.id),
            "ContactStatus": record.status.upper(),
            "Name": record.name,
            "FirstName": first,
            "LastName": last,
            "EmailAddress": record.email or "",
            "CompanyNumber": record.registration_number or "",
            "TaxNumber": record.tax_number or "",
            "DefaultCurrency": record.currency,
            "IsCustomer": is_customer,
            "IsSupplier": not is_customer,
            # Both kinds always come, and a number for each kind of telephone.
            "Addresses": [
                {"AddressType": "STREET", "City": "", "Region": "", "PostalCode": "", "Country": ""}
            ]
            * (len(record.addresses) < 2)
            + [
                {**_address(address), "AddressType": kinds[address.kind]}
                for address in record.addresses
            ],
            "Phones": [
                {"PhoneType": kind, "PhoneNumber": number, "PhoneAreaCode": ""}
                for kind, number in (("DDI", ""), ("DEFAULT", record.phone or ""), ("FAX", ""))
            ],
            "ContactGroups": [],
            "ContactPersons": [],
            "HasAttachments": False,
            "HasValidationErrors": False,
        }


def _address(record: Address) -> Body:
    return {
        "AddressLine1": record.line1,
        "AddressLine2": record.line2 or "",
        "City": record.city,
        "Region": record.region or "",
        "PostalCode": record.postcode or "",
        "Country": record.country,
    }
