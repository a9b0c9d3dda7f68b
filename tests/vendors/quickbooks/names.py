"""Lists as QuickBooks shows them: the company, accounts, customers, vendors, items, taxes."""

from calendar import month_name
from datetime import date

from sandbox.ledger.books import Books
from sandbox.ledger.records import Account, Address, Contact, Item, TaxRate
from tests.vendors.books import Body, cents

# Account types and detail types: AccountTypeEnum and AccountSubTypeEnum of Intuit's Finance.xsd.
_ACCOUNT_TYPE = {
    "bank": ("Bank", "Checking"),
    "credit_card": ("Credit Card", "CreditCard"),
    "receivable": ("Accounts Receivable", "AccountsReceivable"),
    "current_asset": ("Other Current Asset", "OtherCurrentAssets"),
    "fixed_asset": ("Fixed Asset", "MachineryAndEquipment"),
    "payable": ("Accounts Payable", "AccountsPayable"),
    "tax": ("Other Current Liability", "GlobalTaxPayable"),
    "current_liability": ("Other Current Liability", "OtherCurrentLiabilities"),
    "long_term_liability": ("Long Term Liability", "NotesPayable"),
    "equity": ("Equity", "CommonStock"),
    "retained_earnings": ("Equity", "RetainedEarnings"),
    "sales": ("Income", "SalesOfProductIncome"),
    "other_income": ("Other Income", "OtherMiscellaneousIncome"),
    "cost_of_sales": ("Cost of Goods Sold", "SuppliesMaterialsCogs"),
    "overhead": ("Expense", "OtherMiscellaneousServiceCost"),
    "depreciation": ("Other Expense", "Depreciation"),
    "interest": ("Expense", "InterestPaid"),
}
_SUBTYPE_BY_ROLE = {
    "savings": "Savings",
    "inventory": "Inventory",
    "undeposited": "UndepositedFunds",
    "wear": "AccumulatedDepreciation",
    "payroll_tax": "PayrollTaxPayable",
    "services": "ServiceFeeIncome",
}
_CLASSIFICATION = {
    "asset": "Asset",
    "liability": "Liability",
    "equity": "Equity",
    "income": "Revenue",
    "expense": "Expense",
}
_ITEM_TYPE = {"stock": "Inventory", "service": "Service", "non_stock": "NonInventory"}
# The item that QuickBooks puts on a sale of nothing in particular.
SERVICES = "Services"


class Ids:
    """Numbers as ids: names share one count, transactions another, each other list has its own."""

    _COUNT = {"Customer": "name", "Vendor": "name"}
    _LISTS = frozenset({"Account", "Item", "TaxCode", "TaxRate"})

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], str] = {}
        self._last: dict[str, int] = {}

    def of(self, entity: str, *parts: str) -> str:
        key = (entity, *parts)
        if key not in self._known:
            self._known[key] = self.new(entity)
        return self._known[key]

    def new(self, entity: str) -> str:
        count = self._COUNT.get(entity) or (entity if entity in self._LISTS else "transaction")
        self._last[count] = self._last.get(count, 0) + 1
        return str(self._last[count])


class Names:
    def __init__(self, books: Books, ids: Ids) -> None:
        self.books = books
        self.ids = ids
        self.currency: Body = {"value": books.profile.currency}

    def ref(self, entity: str, key: str, name: str) -> Body:
        return {"value": self.ids.of(entity, key), "name": name}

    def account_ref(self, record: Account) -> Body:
        return self.ref("Account", record.id, record.name)

    def company(self) -> Body:
        profile = self.books.profile
        return {
            "Id": "1",
            "CompanyName": profile.name,
            "LegalName": profile.legal_name,
            "CompanyAddr": {"Id": "1", **_address(profile.address)},
            "LegalAddr": {"Id": "1", **_address(profile.address)},
            "CustomerCommunicationAddr": {"Id": "1", **_address(profile.address)},
            "PrimaryPhone": {"FreeFormNumber": profile.phone},
            "CompanyStartDate": profile.founded,
            "FiscalYearStartMonth": month_name[profile.year_start[0]],
            "Country": profile.address.country,
            "WebAddr": {"URI": profile.website},
            "SupportedLanguages": "en",
            "NameValue": [{"Name": "OfferingSku", "Value": "QuickBooks Online Plus"}],
        }

    def preferences(self) -> Body:
        profile = self.books.profile
        return {
            "Id": "1",
            "AccountingInfoPrefs": {
                "UseAccountNumbers": True,
                "TrackDepartments": False,
                "ClassTrackingPerTxn": False,
                "FirstMonthOfFiscalYear": month_name[profile.year_start[0]],
            },
            "TaxPrefs": {"UsingSalesTax": True},
            "CurrencyPrefs": {
                "MultiCurrencyEnabled": bool(profile.foreign),
                "HomeCurrency": {"value": profile.currency},
            },
            "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
        }

    def account(self, record: Account, balance: int) -> Body:
        kind, subtype = _ACCOUNT_TYPE[record.type]
        parent = self.books.accounts.get(record.parent_id) if record.parent_id else None
        # Debits are positive, even of liabilities; only a credit card shows what is owed so.
        balance = -balance if kind == "Credit Card" else balance
        if record.classification in {"income", "expense"}:
            balance = 0
        body: Body = {
            "Id": self.ids.of("Account", record.id),
            "Name": record.name,
            "SubAccount": parent is not None,
            "FullyQualifiedName": f"{parent.name}:{record.name}" if parent else record.name,
            "Active": record.status == "active",
            "Classification": _CLASSIFICATION[record.classification],
            "AccountType": kind,
            "AccountSubType": _SUBTYPE_BY_ROLE.get(record.role, subtype),
            "CurrentBalance": cents(balance),
            "CurrentBalanceWithSubAccounts": cents(balance),
            "CurrencyRef": self.currency,
        }
        if parent:
            body["ParentRef"] = {"value": self.ids.of("Account", parent.id)}
        if record.code:
            body["AcctNum"] = record.code
        return body

    def contact(self, entity: str, record: Contact, balance: int, *, is_unique: bool) -> Body:
        # Names are unique among customers and vendors; QuickBooks would have refused a second.
        number = self.ids.of(entity, record.id)
        name = record.name if is_unique else f"{record.name} ({number})"
        given, _, family = (record.contact_name or "").partition(" ")
        body: Body = {
            "Id": number,
            "DisplayName": name,
            "CompanyName": record.name,
            "PrintOnCheckName": record.name,
            "Active": record.status == "active",
            "Balance": cents(balance),
            "CurrencyRef": {"value": record.currency},
        }
        if record.contact_name:
            body |= {"GivenName": given, "FamilyName": family}
        if record.email:
            body["PrimaryEmailAddr"] = {"Address": record.email}
        if record.phone:
            body["PrimaryPhone"] = {"FreeFormNumber": record.phone}
        for address in record.addresses:
            if address.kind == "billing" or entity == "Customer":
                member = "BillAddr" if address.kind == "billing" else "ShipAddr"
                body[member] = {"Id": number, **_address(address)}
        if entity == "Customer":
            body |= {
                "FullyQualifiedName": name,
                "Taxable": True,
                "Job": False,
                "BillWithParent": False,
                "BalanceWithJobs": cents(balance),
                "PreferredDeliveryMethod": "None",
            }
        else:
            body |= {"Vendor1099": False}
        return body

    def item(self, record: Item) -> Body:
        accounts = {account.id: account for account in self.books.chart.values()}
        body: Body = {
            "Id": self.ids.of("Item", record.id),
            "Name": record.name,
            "Sku": record.code,
            "Active": record.status == "active",
            "FullyQualifiedName": record.name,
            "Taxable": True,
            "UnitPrice": cents(record.sale.price if record.sale else 0),
            "Type": _ITEM_TYPE[record.kind],
            "PurchaseCost": cents(record.purchase.price if record.purchase else 0),
            "TrackQtyOnHand": record.kind == "stock",
        }
        if record.description:
            body["Description"] = record.description
        if record.sale:
            body["IncomeAccountRef"] = self.account_ref(accounts[record.sale.account_id])
        if record.purchase:
            bought = accounts[record.purchase.account_id]
            if record.kind == "stock":
                body["AssetAccountRef"] = self.account_ref(bought)
                body["ExpenseAccountRef"] = self.account_ref(self.books.chart["cost"])
                body["QtyOnHand"] = 0
                body["InvStartDate"] = str(date.fromordinal(self.books.epoch))
            else:
                body["ExpenseAccountRef"] = self.account_ref(bought)
        return body

    def services(self) -> Body:
        return {
            "Id": self.ids.of("Item", SERVICES),
            "Name": SERVICES,
            "Active": True,
            "FullyQualifiedName": SERVICES,
            "Taxable": True,
            "UnitPrice": cents(0),
            "Type": "Service",
            "IncomeAccountRef": self.account_ref(self.books.chart["services"]),
            "PurchaseCost": cents(0),
            "TrackQtyOnHand": False,
        }

    def tax_code(self, record: TaxRate) -> Body:
        lists = {
            f"{side}TaxRateList": {
                "TaxRateDetail": [
                    {
                        "TaxRateRef": self.tax_rate_ref(record, side),
                        "TaxTypeApplicable": "TaxOnAmount",
                        "TaxOrder": 0,
                    }
                ]
            }
            for side in ("Sales", "Purchase")
        }
        return {
            "Id": self.ids.of("TaxCode", record.id),
            "Name": record.code,
            "Description": record.name,
            "Active": record.status != "archived",
            "Hidden": False,
            "Taxable": True,
            "TaxGroup": True,
            **lists,
        }

    def tax_rate_ref(self, record: TaxRate, side: str) -> Body:
        return self.ref("TaxRate", f"{record.id} {side}", f"{record.name} ({side})")

    def tax_rate(self, record: TaxRate, side: str) -> Body:
        named = self.tax_rate_ref(record, side)
        return {
            "Id": named["value"],
            "Name": named["name"],
            "Description": record.name,
            "Active": record.status != "archived",
            "RateValue": cents(record.rate),
            "AgencyRef": {"value": "1"},
            "SpecialTaxType": "ZERO_RATE" if not record.rate else "NONE",
            "DisplayType": "ReadOnly",
            "EffectiveTaxRate": [
                {
                    "RateValue": cents(record.rate),
                    "EffectiveDate": "1991-01-01T00:00:00-08:00",
                }
            ],
        }


def _address(record: Address) -> Body:
    body = {
        "Line1": record.line1,
        "Line2": record.line2,
        "City": record.city,
        "CountrySubDivisionCode": record.region,
        "PostalCode": record.postcode,
        "Country": record.country,
    }
    return {name: value for name, value in body.items() if value}
