"""What the client that reads books (codat-lending) is asked to do, over the demo's company.

Only it reads invoices, bills and statements; its models refuse whole pages for one bad record.
"""

from typing import Any

from tests.clients.cases import Case, refused, works

_COMPANY = {"company_id": "$sandbox"}
_CONNECTION = {"company_id": "$sandbox", "connection_id": "$sandbox connection"}
_PERIODS = {"period_length": 3, "periods_to_compare": 4}

_DATA = "/companies/{companyId}/data"
_OVER = "/companies/{companyId}/connections/{connectionId}/data"

#: By the client's group: what the API calls it, and the parameter of its method for one record.
#: A second address means that the client names the connection.
_LISTS = {
    "accounts_receivable.invoices": (f"{_DATA}/invoices", "invoice_id"),
    "accounts_receivable.customers": (f"{_DATA}/customers", "customer_id"),
    "accounts_receivable.payments": (f"{_DATA}/payments", "payment_id"),
    "accounts_receivable.credit_notes": (f"{_DATA}/creditNotes", "credit_note_id"),
    "accounts_payable.bills": (f"{_DATA}/bills", "bill_id"),
    "accounts_payable.suppliers": (f"{_DATA}/suppliers", "supplier_id"),
    "accounts_payable.bill_payments": (f"{_DATA}/billPayments", "bill_payment_id"),
    "accounts_payable.bill_credit_notes": (f"{_DATA}/billCreditNotes", "bill_credit_note_id"),
    "financial_statements.accounts": (f"{_DATA}/accounts", "account_id"),
    "transactions.journal_entries": (f"{_DATA}/journalEntries", "journal_entry_id"),
    "transactions.journals": (f"{_DATA}/journals", "journal_id"),
    "accounting_bank_data.accounts": (f"{_OVER}/bankAccounts", "account_id"),
    "accounts_receivable.direct_incomes": (f"{_OVER}/directIncomes", "direct_income_id"),
    "transactions.direct_costs": (f"{_OVER}/directCosts", "direct_cost_id"),
    "transactions.transfers": (f"{_OVER}/transfers", "transfer_id"),
    "transactions.account_transactions": (f"{_OVER}/accountTransactions", "account_transaction_id"),
}

#: Groups whose records may have files, with the last part of their path and their parameter.
_WITH_FILES = {
    "accounts_receivable.invoices": ("invoices", "invoice_id"),
    "accounts_receivable.customers": ("customers", "customer_id"),
    "accounts_payable.bills": ("bills", "bill_id"),
    "accounts_payable.suppliers": ("suppliers", "supplier_id"),
}
_FILES = {
    "list_attachments": "attachments",
    "get_attachment": "attachments/{attachmentId}",
    "download_attachment": "attachments/{attachmentId}/download",
}

#: By the method of codat-lending 12: HTTP method and path.
LENDING_OPERATIONS = {
    "companies.list": ("GET", "/companies"),
    "connections.list": ("GET", "/companies/{companyId}/connections"),
    "manage_data.get_status": ("GET", "/companies/{companyId}/dataStatus"),
    "manage_data.pull_operations.list": ("GET", f"{_DATA}/history"),
    "manage_data.pull_operations.get": ("GET", f"{_DATA}/history/{{datasetId}}"),
    "manage_data.refresh.all_data_types": ("POST", f"{_DATA}/all"),
    "manage_data.refresh.data_type": ("POST", f"{_DATA}/queue/{{dataType}}"),
    "company_info.get_accounting_profile": ("GET", f"{_DATA}/info"),
    "financial_statements.balance_sheet.get": ("GET", f"{_DATA}/financials/balanceSheet"),
    "financial_statements.profit_and_loss.get": ("GET", f"{_DATA}/financials/profitAndLoss"),
    "financial_statements.cash_flow.get": ("GET", f"{_DATA}/financials/cashFlowStatement"),
    "accounting_bank_data.list_transactions": (
        "GET",
        f"{_OVER}/bankAccounts/{{accountId}}/bankTransactions",
    ),
    "accounts_receivable.reports.get_aged_debtors": (
        "GET",
        "/companies/{companyId}/reports/agedDebtor",
    ),
    "accounts_receivable.reports.get_aged_creditors": (
        "GET",
        "/companies/{companyId}/reports/agedCreditor",
    ),
    "accounts_receivable.reports.is_aged_debtors_available": (
        "GET",
        "/companies/{companyId}/reports/agedDebtor/available",
    ),
    "accounts_receivable.reports.is_aged_creditors_available": (
        "GET",
        "/companies/{companyId}/reports/agedCreditor/available",
    ),
    "file_upload.list_uploaded": ("GET", "/companies/{companyId}/files"),
    "accounts_receivable.invoices.download_pdf": ("GET", f"{_DATA}/invoices/{{invoiceId}}/pdf"),
    **{
        f"{group}.{name}": ("GET", f"{_OVER}/{address}/{{recordId}}/{rest}")
        for group, (address, _) in _WITH_FILES.items()
        for name, rest in _FILES.items()
    },
    **{
        f"{group}.{name}": ("GET", path)
        for group, (address, _) in _LISTS.items()
        for name, path in (("list", address), ("get", f"{address}/{{recordId}}"))
    },
}


def _read(method: str, request: dict[str, Any], **more: Any) -> tuple[Case, Case]:
    """Read it of the demo's company, and of one that is not there."""
    return (
        works("read", method, request, caller="demo", **more),
        refused(404, "unknown", method, request | {"company_id": "$nothing"}, caller="demo"),
    )


def _listed(group: str, address: str, identifier: str) -> tuple[Case, ...]:
    """Read a page and the first record of it, where there are any."""
    place = _CONNECTION if address.startswith(_OVER) else _COMPANY
    first = f"{group} 0"
    return (
        *_read(
            f"{group}.list",
            place | {"page_size": 50, "order_by": "-modifiedDate"},
            expects={"page_number": 1},
            keeps={first: "results.0.id"},
        ),
        works(
            "the first of the page",
            f"{group}.get",
            place | {identifier: f"${first}"},
            expects={"id": f"${first}"},
            needs=first,
            caller="demo",
        ),
        refused(404, "unknown", f"{group}.get", place | {identifier: "none"}, caller="demo"),
    )


def _files(group: str, identifier: str) -> tuple[Case, ...]:
    """Read the files of a record that is there, and those of one that is not."""
    record, file = f"{group} present", f"{group} file"
    asked = _CONNECTION | {identifier: f"${record}"}
    nothing = _CONNECTION | {identifier: "none"}
    of_file = {"attachment_id": f"${file}"}
    return (
        works(
            "one that is there",
            f"{group}.list",
            _COMPANY | {"query": "metadata.isDeleted!=true", "page_size": 1},
            keeps={record: "results.0.id"},
            caller="demo",
        ),
        works(
            "read",
            f"{group}.list_attachments",
            asked,
            keeps={file: "attachments.0.id"},
            caller="demo",
        ),
        works(
            "read",
            f"{group}.get_attachment",
            asked | of_file,
            expects={"id": f"${file}"},
            needs=file,
            caller="demo",
        ),
        works(
            "read",
            f"{group}.download_attachment",
            asked | of_file,
            expects={"status_code": 200},
            needs=file,
            caller="demo",
        ),
        refused(404, "unknown", f"{group}.list_attachments", nothing, caller="demo"),
        *(
            refused(
                404, "unknown", f"{group}.{name}", asked | {"attachment_id": "x"}, caller="demo"
            )
            for name in ("get_attachment", "download_attachment")
        ),
    )


LENDING_CASES = (
    works("listed", "companies.list", {}, caller="demo", expects={"page_number": 1}),
    refused(400, "a malformed query", "companies.list", {"query": "name"}, caller="demo"),
    *_read("connections.list", _COMPANY, expects={"results.0.status": "Linked"}),
    *_read("manage_data.get_status", _COMPANY, expects={"invoices.current_status": "Complete"}),
    *_read("manage_data.pull_operations.list", _COMPANY, keeps={"pull": "results.0.id"}),
    *_read("manage_data.pull_operations.get", _COMPANY | {"dataset_id": "$pull"}),
    works("queued", "manage_data.refresh.all_data_types", {"company_id": "$refreshed"}),
    refused(404, "unknown", "manage_data.refresh.all_data_types", {"company_id": "$nothing"}),
    works(
        "queued",
        "manage_data.refresh.data_type",
        {"company_id": "$fresh", "data_type": "invoices"},
        expects={"status": "Queued"},
    ),
    refused(
        400,
        "queued already",
        "manage_data.refresh.data_type",
        {"company_id": "$fresh", "data_type": "invoices"},
        says="DatasetAlreadyInProgressException",
    ),
    refused(
        409,
        "not pulled yet",
        "accounts_receivable.invoices.list",
        {"company_id": "$fresh"},
    ),
    *_read("company_info.get_accounting_profile", _COMPANY),
    *_read("financial_statements.balance_sheet.get", _COMPANY | _PERIODS),
    *_read("financial_statements.profit_and_loss.get", _COMPANY | _PERIODS),
    *_read("financial_statements.cash_flow.get", _COMPANY | _PERIODS),
    *(case for group, about in _LISTS.items() for case in _listed(group, *about)),
    *(case for group, (_, of) in _WITH_FILES.items() for case in _files(group, of)),
    works(
        "read",
        "accounts_receivable.invoices.download_pdf",
        _COMPANY | {"invoice_id": "$accounts_receivable.invoices present"},
        expects={"status_code": 200},
        caller="demo",
    ),
    refused(
        404,
        "unknown",
        "accounts_receivable.invoices.download_pdf",
        _COMPANY | {"invoice_id": "none"},
        caller="demo",
    ),
    *_read(
        "accounting_bank_data.list_transactions",
        _CONNECTION | {"account_id": "$accounting_bank_data.accounts 0"},
        needs="accounting_bank_data.accounts 0",
    ),
    works(
        "paid ones, by amount",
        "accounts_receivable.invoices.list",
        _COMPANY | {"query": "status=Paid && totalAmount>10", "order_by": "-issueDate"},
        expects={"results.0.status": "Paid"},
        caller="demo",
    ),
    *_read("accounts_receivable.reports.get_aged_debtors", _COMPANY),
    *_read("accounts_receivable.reports.get_aged_creditors", _COMPANY),
    *_read("accounts_receivable.reports.is_aged_debtors_available", _COMPANY),
    *_read("accounts_receivable.reports.is_aged_creditors_available", _COMPANY),
    *_read("file_upload.list_uploaded", _COMPANY),
)
