"""The chart of accounts every business starts from; a profile renames and adds accounts."""

from typing import NamedTuple

from sandbox.ledger.records import Account


class Template(NamedTuple):
    role: str
    code: str | None
    name: str
    classification: str
    type: str
    parent: str | None = None
    status: str = "active"
    description: str | None = None


TEMPLATES = (
    Template("bank", "1200", "Business current account", "asset", "bank"),
    Template("savings", "1210", "Reserve savings account", "asset", "bank"),
    Template("undeposited", "1220", "Undeposited funds", "asset", "current_asset"),
    Template("receivable", "1100", "Accounts receivable", "asset", "receivable"),
    Template("inventory", "1001", "Inventory", "asset", "current_asset"),
    Template("equipment", "0030", "Plant and equipment", "asset", "fixed_asset"),
    Template("wear", "0031", "Accumulated depreciation", "asset", "fixed_asset"),
    Template("payable", "2100", "Accounts payable", "liability", "payable"),
    Template("card", "2110", "Company credit card", "liability", "credit_card"),
    Template("tax", "2200", "Sales tax control", "liability", "tax"),
    Template("payroll_tax", "2210", "Payroll taxes payable", "liability", "current_liability"),
    Template("wages_due", "2220", "Wages payable", "liability", "current_liability"),
    Template("loan", "2300", "Bank loan", "liability", "long_term_liability"),
    Template("owner_loan", "2310", "Owner's loan", "liability", "long_term_liability"),
    Template("capital", "3000", "Share capital", "equity", "equity"),
    Template("dividends", "3100", "Dividends paid", "equity", "equity"),
    Template("retained", "3200", "Retained earnings", "equity", "retained_earnings"),
    Template("goods", "4000", "Sales of goods", "income", "sales"),
    Template("services", "4100", "Services and training", "income", "sales"),
    Template("delivery", "4200", "Delivery charged to customers", "income", "sales"),
    Template("interest_earned", "4900", "Interest received", "income", "other_income"),
    Template("exchange", "4910", "Exchange gains and losses", "income", "other_income"),
    Template("cost", "5000", "Cost of goods sold", "expense", "cost_of_sales"),
    Template("freight", "5100", "Freight and packaging", "expense", "cost_of_sales"),
    Template("staff", "7000", "Staff costs", "expense", "overhead"),
    Template("wages", "7010", "Wages and salaries", "expense", "overhead", "staff"),
    Template("employer_tax", "7020", "Employer's payroll taxes", "expense", "overhead", "staff"),
    Template("premises", "7100", "Premises", "expense", "overhead"),
    Template("rent", "7110", "Rent", "expense", "overhead", "premises"),
    Template("utilities", "7120", "Utilities", "expense", "overhead", "premises"),
    Template("repairs", "7130", "Repairs and maintenance", "expense", "overhead", "premises"),
    Template("marketing", "7200", "Marketing", "expense", "overhead"),
    Template("professional", "7300", "Professional fees", "expense", "overhead"),
    Template("software", "7400", "Software and telephone", "expense", "overhead"),
    Template("insurance", "7500", "Insurance", "expense", "overhead"),
    Template("travel", "7600", "Travel and meals", "expense", "overhead"),
    Template("bank_fees", "7700", "Bank charges", "expense", "overhead"),
    Template("depreciation", "8000", "Depreciation", "expense", "depreciation"),
    Template("loan_interest", "8100", "Loan interest", "expense", "interest"),
)

_GROUPS = {
    "bank": "Assets:Bank",
    "receivable": "Assets:Receivable",
    "current_asset": "Assets:Current",
    "fixed_asset": "Assets:Fixed",
    "payable": "Liabilities:Payable",
    "credit_card": "Liabilities:CreditCard",
    "current_liability": "Liabilities:Current",
    "long_term_liability": "Liabilities:LongTerm",
    "equity": "Equity:Capital",
    "retained_earnings": "Equity:Retained",
    "sales": "Income:Sales",
    "other_income": "Income:Other",
    "cost_of_sales": "Expenses:CostOfSales",
    "overhead": "Expenses:Overheads",
    "depreciation": "Expenses:Overheads",
    "interest": "Expenses:Other",
}


def open_accounts(
    currency: str, names: dict[str, str], extra: tuple[Template, ...]
) -> dict[str, Account]:
    """Build the accounts by role."""
    accounts: dict[str, Account] = {}
    for number, template in enumerate((*TEMPLATES, *extra), start=1):
        accounts[template.role] = Account(
            id=f"acc_{number:03d}",
            role=template.role,
            code=template.code,
            name=names.get(template.role, template.name),
            description=template.description,
            classification=template.classification,
            type=template.type,
            currency=currency,
            status=template.status,
            is_bank=template.type in {"bank", "credit_card"},
            parent_id=accounts[template.parent].id if template.parent else None,
        )
    return accounts


def plain_text_name(account: Account) -> str:
    """Name the account as plain-text accounting tools do; the code keeps equal names apart."""
    group = "Liabilities:Tax" if account.role == "tax" else _GROUPS[account.type]
    name = "".join(sign if sign.isalnum() or sign in " .-'" else " " for sign in account.name)
    return f"{group}:{account.code or account.id} {' '.join(name.split())}"
