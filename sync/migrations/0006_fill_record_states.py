"""Read out of the bodies what the columns of 0005 hold: the former versions’, and what falls due."""

from django.db import migrations

#: The tables’ policies are for the app’s role, so whoever migrates sees no row unless the owner is
#: let past them for a moment.
TABLES = ("sync_record", "sync_recordversion", "sync_stagedrecord", "sync_pull")
OPEN = ";".join(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY" for table in TABLES)
CLOSE = ";".join(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY" for table in TABLES)

#: Nobody looked so far whether it fits.
OUTSTANDING = """
coalesce(b ->> 'amountDue', b ->> 'remainingCredit')::numeric * CASE
  WHEN abs(coalesce(b ->> 'amountDue', b ->> 'remainingCredit')::numeric) < 1e18 THEN 1
END
"""
#: What every schema’s `listing` says, in SQL; b is the body.
VERSIONS = f"""
UPDATE sync_recordversion AS v
   SET source_modified_at = (b ->> 'sourceModifiedDate')::timestamptz,
       label = left(coalesce(nullif(CASE v.data_type
         WHEN 'company' THEN b ->> 'companyName'
         WHEN 'chartOfAccounts' THEN coalesce(nullif(b ->> 'name', ''), b ->> 'nominalCode')
         WHEN 'taxRates' THEN coalesce(nullif(b ->> 'name', ''), b ->> 'code')
         WHEN 'items' THEN coalesce(nullif(b ->> 'name', ''), b ->> 'code')
         WHEN 'customers' THEN b ->> 'customerName'
         WHEN 'suppliers' THEN b ->> 'supplierName'
         WHEN 'invoices' THEN b ->> 'invoiceNumber'
         WHEN 'creditNotes' THEN b ->> 'creditNoteNumber'
         WHEN 'billCreditNotes' THEN b ->> 'billCreditNoteNumber'
         WHEN 'bills' THEN b ->> 'reference'
         WHEN 'payments' THEN b ->> 'reference'
         WHEN 'billPayments' THEN b ->> 'reference'
         WHEN 'journalEntries' THEN b ->> 'description'
         WHEN 'bankTransactions' THEN b ->> 'description'
         WHEN 'bankAccounts' THEN b ->> 'accountName'
         WHEN 'balanceSheet' THEN 'Balance sheet'
         WHEN 'profitAndLoss' THEN 'Profit and loss'
         WHEN 'cashFlowStatement' THEN 'Cash flow statement'
       END, ''), v.source_id), 200),
       party = left(coalesce(CASE v.data_type
         WHEN 'company' THEN b ->> 'companyLegalName'
         WHEN 'customers' THEN b ->> 'contactName'
         WHEN 'suppliers' THEN b ->> 'contactName'
         WHEN 'bankAccounts' THEN b ->> 'institution'
         ELSE coalesce(b #>> '{{customerRef,companyName}}', b #>> '{{supplierRef,supplierName}}')
       END, ''), 200),
       dated_on = (CASE v.data_type
         WHEN 'payments' THEN b ->> 'date'
         WHEN 'billPayments' THEN b ->> 'date'
         WHEN 'journalEntries' THEN b ->> 'postedOn'
         WHEN 'bankTransactions' THEN b ->> 'clearedOnDate'
         WHEN 'balanceSheet' THEN b #>> '{{reports,0,date}}'
         WHEN 'profitAndLoss' THEN b #>> '{{reports,0,toDate}}'
         WHEN 'cashFlowStatement' THEN b #>> '{{reports,0,toDate}}'
         ELSE b ->> 'issueDate'
       END)::date,
       amount = CASE v.data_type
         WHEN 'journalEntries' THEN (
           SELECT coalesce(sum((line ->> 'netAmount')::numeric), 0)
             FROM json_array_elements(
               CASE json_typeof(b -> 'journalLines') WHEN 'array' THEN b -> 'journalLines' END
             ) AS line
            WHERE (line ->> 'netAmount')::numeric > 0)
         WHEN 'chartOfAccounts' THEN (b ->> 'currentBalance')::numeric
         WHEN 'taxRates' THEN (b ->> 'effectiveTaxRate')::numeric
         WHEN 'items' THEN (CASE json_typeof(b -> 'invoiceItem')
           WHEN 'object' THEN b #>> '{{invoiceItem,unitPrice}}' ELSE b #>> '{{billItem,unitPrice}}'
         END)::numeric
         WHEN 'bankAccounts' THEN (b ->> 'balance')::numeric
         WHEN 'bankTransactions' THEN (b ->> 'amount')::numeric
         WHEN 'balanceSheet' THEN (b #>> '{{reports,0,netAssets}}')::numeric
         WHEN 'profitAndLoss' THEN (b #>> '{{reports,0,netProfit}}')::numeric
         WHEN 'cashFlowStatement' THEN
           coalesce((b #>> '{{reports,0,cashReceipts,value}}')::numeric, 0)
           - coalesce((b #>> '{{reports,0,cashPayments,value}}')::numeric, 0)
         ELSE (b ->> 'totalAmount')::numeric
       END,
       currency = left(coalesce(CASE v.data_type
         WHEN 'company' THEN b ->> 'baseCurrency'
         WHEN 'customers' THEN b ->> 'defaultCurrency'
         WHEN 'suppliers' THEN b ->> 'defaultCurrency'
         WHEN 'journalEntries' THEN b #>> '{{journalLines,0,currency}}'
         ELSE b ->> 'currency'
       END, ''), 10),
       due_on = CASE WHEN v.data_type IN ('invoices', 'bills') THEN (b ->> 'dueDate')::date END,
       outstanding = CASE
         WHEN v.data_type IN ('invoices', 'bills', 'creditNotes', 'billCreditNotes')
           THEN {OUTSTANDING}
       END,
       record_status = left(coalesce(CASE v.data_type
         WHEN 'items' THEN b ->> 'itemStatus'
         WHEN 'bankTransactions' THEN
           CASE b ->> 'reconciled' WHEN 'true' THEN 'Reconciled' ELSE 'Unreconciled' END
         ELSE b ->> 'status'
       END, ''), 20)
  FROM (SELECT id, body::json AS b FROM sync_recordversion) AS bodies
 WHERE bodies.id = v.id
"""  # noqa: S608 - made of the constants above
DUE = f"""
UPDATE sync_record AS r
   SET due_on = (b ->> 'dueDate')::date, outstanding = {OUTSTANDING}
  FROM (
    SELECT connection_id, data_type, source_id, body::json AS b FROM sync_record
     WHERE data_type IN ('invoices', 'bills', 'creditNotes', 'billCreditNotes')
  ) AS bodies
 WHERE r.connection_id = bodies.connection_id AND r.data_type = bodies.data_type
   AND r.source_id = bodies.source_id
"""  # noqa: S608 - made of the constants above
#: Of pulls that are under way; a body that did not travel is the store’s.
STAGED = f"""
UPDATE sync_stagedrecord AS s
   SET due_on = (b ->> 'dueDate')::date,
       outstanding = {OUTSTANDING}
  FROM (
    SELECT staged.id, coalesce(staged.body, r.body)::json AS b
      FROM sync_stagedrecord AS staged
      JOIN sync_pull AS p ON p.id = staged.pull_id
      LEFT JOIN sync_record AS r
        ON r.connection_id = p.connection_id AND r.data_type = p.data_type
       AND r.source_id = staged.source_id
     WHERE p.data_type IN ('invoices', 'bills', 'creditNotes', 'billCreditNotes')
       AND NOT staged.is_deleted
  ) AS bodies
 WHERE bodies.id = s.id
"""  # noqa: S608 - made of the constants above


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0005_record_states"),
    ]

    operations = [
        # Going back leaves the columns to 0005, which drops them.
        migrations.RunSQL(
            [OPEN, VERSIONS, DUE, STAGED, CLOSE],
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
