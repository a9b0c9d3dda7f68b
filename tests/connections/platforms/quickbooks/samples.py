"""What QuickBooks says of each type, as its documentation shows it."""

from typing import Any

from connections.schemas import DataType

ENTITIES = {
    DataType.CHART_OF_ACCOUNTS: "Account",
    DataType.TAX_RATES: "TaxCode",
    DataType.CUSTOMERS: "Customer",
    DataType.SUPPLIERS: "Vendor",
    DataType.ITEMS: "Item",
    DataType.INVOICES: "Invoice",
    DataType.BILLS: "Bill",
    DataType.CREDIT_NOTES: "CreditMemo",
    DataType.BILL_CREDIT_NOTES: "VendorCredit",
    DataType.PAYMENTS: "Payment",
    DataType.BILL_PAYMENTS: "BillPayment",
    DataType.JOURNAL_ENTRIES: "JournalEntry",
    DataType.BANK_ACCOUNTS: "Account",
    DataType.BANK_TRANSACTIONS: "Purchase",
}


def ref(value: str, name: str) -> dict[str, str]:
    return {"value": value, "name": name}


TIMES = {"CreateTime": "2026-01-10T09:00:00-08:00", "LastUpdatedTime": "2026-01-12T10:30:00-08:00"}
DATED = {"Id": "130", "SyncToken": "0", "domain": "QBO", "sparse": False, "MetaData": TIMES}
MONEY = {"TxnDate": "2026-01-10", "CurrencyRef": ref("USD", "United States Dollar")}
SALE_LINES = [
    {
        "Id": "1",
        "LineNum": 1,
        "Description": "Rock fountain",
        "Amount": 275.0,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": ref("5", "Rock Fountain"),
            "UnitPrice": 275,
            "Qty": 1,
            "ItemAccountRef": ref("79", "Sales of Product Income"),
            "TaxCodeRef": {"value": "TAX"},
        },
    },
    {
        "Id": "2",
        "LineNum": 2,
        "Amount": 87.5,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": {
            "ItemRef": ref("3", "Design"),
            "UnitPrice": 35,
            "Qty": 2.5,
            "TaxCodeRef": {"value": "NON"},
        },
    },
    {"Amount": 362.5, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}},
    {
        "Amount": 12.5,
        "DetailType": "DiscountLineDetail",
        "DiscountLineDetail": {"PercentBased": False, "DiscountAccountRef": ref("86", "Discounts")},
    },
]
SALE = {
    **DATED,
    **MONEY,
    "DocNumber": "1037",
    "CustomerRef": ref("24", "Sonnenschein Family Store"),
    "Line": SALE_LINES,
    "TxnTaxDetail": {"TotalTax": 22.0},
    "TotalAmt": 372.0,
}
EXPENSE_LINES = [
    {
        "Id": "1",
        "Description": "Lumber",
        "Amount": 103.55,
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": {
            "AccountRef": ref("64", "Decks and Patios"),
            "TaxCodeRef": {"value": "NON"},
        },
    },
]
PURCHASE = {
    **DATED,
    **MONEY,
    "VendorRef": ref("46", "Norton Lumber and Building Materials"),
    "APAccountRef": ref("33", "Accounts Payable (A/P)"),
    "Line": EXPENSE_LINES,
    "TotalAmt": 103.55,
}


def _linked(amount: float, kind: str, number: str) -> dict[str, Any]:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": number, "TxnType": kind}]}


def _posting(side: str, account: dict[str, str]) -> dict[str, Any]:
    return {
        "Amount": 25.54,
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {"PostingType": side, "AccountRef": account},
    }


_PERSON = {
    **DATED,
    "GivenName": "Amy",
    "FamilyName": "Lauterbach",
    "DisplayName": "Amy's Bird Sanctuary",
    "Active": True,
    "PrimaryEmailAddr": {"Address": "birds@amy.example"},
    "PrimaryPhone": {"FreeFormNumber": "(650) 555-3311"},
    "BillAddr": {
        "Line1": "4581 Finch St.",
        "City": "Bayshore",
        "CountrySubDivisionCode": "CA",
        "PostalCode": "94326",
    },
    "CurrencyRef": ref("USD", "United States Dollar"),
}
_ACCOUNT = {
    **DATED,
    "Name": "Checking",
    "FullyQualifiedName": "Checking",
    "Active": True,
    "Classification": "Asset",
    "AccountType": "Bank",
    "AccountSubType": "Checking",
    "AcctNum": "1000",
    "CurrentBalance": 1201.0,
    "CurrencyRef": ref("USD", "United States Dollar"),
}
SAMPLES: dict[DataType, dict[str, Any]] = {
    DataType.CHART_OF_ACCOUNTS: {
        **_ACCOUNT,
        "Name": "Sales",
        "FullyQualifiedName": "Sales",
        "Classification": "Revenue",
        "AccountType": "Income",
        "AccountSubType": "SalesOfProductIncome",
    },
    DataType.TAX_RATES: {
        **DATED,
        "Name": "California",
        "Active": True,
        "Taxable": True,
        "SalesTaxRateList": {
            "TaxRateDetail": [{"TaxRateRef": ref("3", "California"), "TaxOrder": 0}]
        },
    },
    DataType.CUSTOMERS: _PERSON,
    DataType.SUPPLIERS: {**_PERSON, "DisplayName": "Books by Bessie"},
    DataType.ITEMS: {
        **DATED,
        "Name": "Rock Fountain",
        "Sku": "RF-1",
        "Active": True,
        "Type": "Inventory",
        "Description": "Rock Fountain",
        "UnitPrice": 275,
        "IncomeAccountRef": ref("79", "Sales of Product Income"),
        "PurchaseCost": 125,
        "ExpenseAccountRef": ref("80", "Cost of Goods Sold"),
    },
    DataType.INVOICES: {
        **SALE,
        "DueDate": "2026-02-09",
        "Balance": 100.0,
        "LinkedTxn": [{"TxnId": "120", "TxnType": "Payment"}],
    },
    DataType.BILLS: {**PURCHASE, "DueDate": "2026-02-09", "Balance": 103.55},
    DataType.CREDIT_NOTES: {**SALE, "RemainingCredit": 372.0},
    DataType.BILL_CREDIT_NOTES: {**PURCHASE, "Balance": 0},
    DataType.PAYMENTS: {
        **DATED,
        **MONEY,
        "CustomerRef": ref("24", "Sonnenschein Family Store"),
        "DepositToAccountRef": {"value": "35"},
        "PaymentRefNum": "5664",
        "TotalAmt": 80.0,
        "UnappliedAmt": 10.0,
        "Line": [_linked(90.0, "Invoice", "128"), _linked(20.0, "CreditMemo", "73")],
    },
    DataType.BILL_PAYMENTS: {
        **DATED,
        **MONEY,
        "DocNumber": "45",
        "VendorRef": ref("46", "Norton Lumber and Building Materials"),
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": ref("35", "Checking")},
        "TotalAmt": 103.55,
        "Line": [_linked(103.55, "Bill", "25")],
    },
    DataType.JOURNAL_ENTRIES: {
        **DATED,
        **MONEY,
        "DocNumber": "J1",
        "Line": [
            _posting("Debit", ref("44", "Job Expenses")),
            _posting("Credit", ref("46", "Decks")),
        ],
    },
    DataType.BANK_ACCOUNTS: _ACCOUNT,
    DataType.BANK_TRANSACTIONS: {
        **DATED,
        **MONEY,
        "PaymentType": "CreditCard",
        "AccountRef": ref("42", "Visa"),
        "EntityRef": {"value": "46", "name": "Squeaky Kleen Car Wash", "type": "Vendor"},
        "TotalAmt": 19.99,
    },
}
COMPANY = {
    **DATED,
    "Id": "1",
    "CompanyName": "Larry's Bakery",
    "LegalName": "Larry's Bakery LLC",
    "FiscalYearStartMonth": "April",
    "CompanyStartDate": "2015-06-05",
    "EmployerId": "123456789",
    "PrimaryPhone": {"FreeFormNumber": "(650)944-4444"},
    "WebAddr": {},
}
PREFERENCES = {"CurrencyPrefs": {"HomeCurrency": {"value": "USD"}}}
TAX_RATE = {**DATED, "Id": "3", "Name": "California", "RateValue": 8, "Active": True}


def _cells(*values: str) -> dict[str, Any]:
    return {"ColData": [{"value": value} for value in values]}


def _data(name: str, account: str, *values: str, **more: str) -> dict[str, Any]:
    cells = [{"value": name, "id": account}, *({"value": value} for value in values)]
    return {"type": "Data", "ColData": cells, **more}


def _section(name: str, group: str, rows: list[Any], *sums: str) -> dict[str, Any]:
    return {
        "type": "Section",
        "group": group,
        "Header": _cells(name, *("" for _ in sums)),
        "Rows": {"Row": rows},
        "Summary": _cells(f"Total {name}", *sums),
    }


def _report(rows: list[Any], *, total: bool) -> dict[str, Any]:
    months = [("2026-01-01", "2026-01-31", "Jan 2026"), ("2026-02-01", "2026-02-28", "Feb 2026")]
    columns: list[dict[str, Any]] = [{"ColTitle": "", "ColType": "Account"}]
    for first, last, title in months:
        told = [{"Name": "StartDate", "Value": first}, {"Name": "EndDate", "Value": last}]
        columns.append({"ColTitle": title, "ColType": "Money", "MetaData": told})
    if total:
        key = [{"Name": "ColKey", "Value": "total"}]
        columns.append({"ColTitle": "Total", "ColType": "Money", "MetaData": key})
    return {
        "Header": {"ReportBasis": "Accrual", "Currency": "USD", "Option": []},
        "Columns": {"Column": columns},
        "Rows": {"Row": rows},
    }


_UTILITIES = {
    **_section("Utilities", "", [_data("Gas", "77", "20.00", "", "20.00")], "30.00", "", "30.00"),
    # Posted to itself, beside the account below it.
    "Header": {"ColData": [{"value": "Utilities", "id": "24"}, {"value": "10.00"}, {}, {}]},
}
PROFIT_AND_LOSS = _report(
    [
        _section(
            "Income",
            "Income",
            [_data("Sales", "79", "500.00", "250.00", "750.00")],
            "500.00",
            "250.00",
            "750.00",
        ),
        _section(
            "Cost of Goods Sold",
            "COGS",
            [_data("Cost of Goods Sold", "80", "100.00", "", "100.00")],
            "100.00",
            "",
            "100.00",
        ),
        {"group": "GrossProfit", "Summary": _cells("Gross Profit", "400.00", "250.00", "650.00")},
        _section("Expenses", "Expenses", [_UTILITIES], "30.00", "", "30.00"),
        {"group": "NetIncome", "Summary": _cells("Net Income", "370.00", "250.00", "620.00")},
    ],
    total=True,
)
BALANCE_SHEET = _report(
    [
        _section(
            "ASSETS",
            "TotalAssets",
            [
                _section(
                    "Current Assets",
                    "CurrentAssets",
                    [_data("Checking", "35", "570.00", "820.00")],
                    "570.00",
                    "820.00",
                )
            ],
            "570.00",
            "820.00",
        ),
        _section(
            "LIABILITIES AND EQUITY",
            "TotalLiabilitiesAndEquity",
            [
                _section(
                    "Liabilities",
                    "Liabilities",
                    [_data("Visa", "42", "200.00", "200.00")],
                    "200.00",
                    "200.00",
                ),
                _section(
                    "Equity",
                    "Equity",
                    [
                        _data("Opening Balance Equity", "34", "", ""),
                        _data("Net Income", "", "370.00", "620.00", group="NetIncome"),
                    ],
                    "370.00",
                    "620.00",
                ),
            ],
            "570.00",
            "820.00",
        ),
    ],
    total=False,
)
