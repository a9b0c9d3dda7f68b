"""What is sold and bought, and how it is taxed."""

from decimal import Decimal
from typing import ClassVar, Literal

from connections.schemas.base import (
    PRESENT,
    AccountRef,
    ActiveStatus,
    Listing,
    Metadata,
    Record,
    Shape,
    SupplementalData,
    TaxRateRef,
    ValidDatatypeLink,
)
from connections.schemas.data_types import DataType

ItemType = Literal["Unknown", "Inventory", "NonInventory", "Service"]


class ItemSide(Shape, frozen=True, kw_only=True):
    """How an item is sold, or how it is bought."""

    account_ref: AccountRef | None = None
    description: str | None = None
    tax_rate_ref: TaxRateRef | None = None
    unit_price: Decimal | None = None


class Item(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.ITEMS

    code: str | None = None
    name: str | None = None
    item_status: ActiveStatus
    type: ItemType
    is_bill_item: bool
    bill_item: ItemSide | None = None
    is_invoice_item: bool
    invoice_item: ItemSide | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        side = self.invoice_item or self.bill_item
        return Listing(
            label=self.name or self.code or self.id,
            amount=side.unit_price if side else None,
            status=self.item_status,
        )


class TaxComponent(Shape, frozen=True, kw_only=True):
    is_compound: bool
    name: str | None = None
    rate: Decimal | None = None


class TaxRate(Record, frozen=True, kw_only=True):
    data_type: ClassVar[DataType] = DataType.TAX_RATES

    name: str | None = None
    code: str | None = None
    effective_tax_rate: Decimal | None = None
    total_tax_rate: Decimal | None = None
    components: tuple[TaxComponent, ...] | None = None
    status: ActiveStatus
    valid_datatype_links: tuple[ValidDatatypeLink, ...] | None = None
    metadata: Metadata = PRESENT
    supplemental_data: SupplementalData | None = None

    def listing(self) -> Listing:
        return Listing(
            label=self.name or self.code or self.id,
            amount=self.effective_tax_rate,
            status=self.status,
        )
