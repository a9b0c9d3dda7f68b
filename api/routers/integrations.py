"""The platforms that can be linked, and what each of them can give."""

from typing import Any, Literal
from uuid import UUID

from ninja import Query as FromQuery
from ninja import Router

from api import brand, paging
from api.errors import ApiError
from api.paging import PagingInfo
from api.principals import ApiRequest
from api.querying import listed, ordered
from api.responses import responses
from api.scopes import READ
from api.shapes import Shape, SourceType
from connections.identifiers import integration_id, source_id
from connections.offers import PlatformSettings, platform_settings
from connections.platforms.base import Platform
from connections.schemas import DataType

router = Router(tags=["Integrations"], by_alias=True)

FeatureType = Literal[
    "Get",
    "Post",
    "Categorization",
    "Delete",
    "Put",
    "GetAsPdf",
    "DownloadAttachment",
    "GetAttachment",
    "GetAttachments",
    "UploadAttachment",
]
FeatureState = Literal["Release", "Alpha", "Beta", "Deprecated", "NotSupported", "NotImplemented"]


class SupportedFeature(Shape):
    feature_type: FeatureType
    feature_state: FeatureState


class DataTypeFeature(Shape):
    data_type: DataType
    supported_features: list[SupportedFeature]


class Integration(Shape):
    key: str
    logo_url: str
    name: str
    enabled: bool
    source_id: UUID
    source_type: SourceType
    integration_id: UUID
    is_offline_connector: bool
    is_beta: bool
    data_provided_by: str | None = None
    datatype_features: list[DataTypeFeature]


class Integrations(PagingInfo):
    results: list[Integration]


class ImageReference(Shape):
    src: str
    alt: str


class BrandingImage(Shape):
    image: ImageReference


class BrandingLogo(Shape):
    full: BrandingImage
    square: BrandingImage


class BrandingButton(Shape):
    default: BrandingImage
    hover: BrandingImage


class Branding(Shape):
    logo: BrandingLogo
    button: BrandingButton
    source_id: UUID


#: What may be asked of integrations; they are no table.
_ASKED = (
    "key",
    "name",
    "enabled",
    "sourceType",
    "sourceId",
    "integrationId",
    "isOfflineConnector",
    "isBeta",
)


@router.get(
    "/integrations",
    auth=READ,
    response=responses(Integrations, 400),
    operation_id="list-integrations",
    summary="List integrations",
    exclude_none=True,
)
def list_integrations(request: ApiRequest, asked: FromQuery[paging.Query]) -> dict[str, Any]:
    """The platforms that Ledgerport speaks to; `enabled` says whether customers may link them."""
    rows = [_written(each) for each in platform_settings(request.organization.pk)]
    found = listed(rows, asked.query, name="Integration", properties=_ASKED)
    found = ordered(found, paging.order_by(request, asked), properties=("name", "key", "enabled"))
    page = found[asked.offset : asked.offset + asked.pageSize]
    return paging.described(request, asked, len(found)) | {"results": page}


@router.get(
    "/integrations/{platformKey}",
    auth=READ,
    response=responses(Integration, 404),
    operation_id="get-integration",
    summary="Get integration",
    exclude_none=True,
)
def get_integration(request: ApiRequest, platformKey: str) -> dict[str, Any]:  # noqa: N803
    """One platform, by its four letters."""
    return _written(find_integration(request, platformKey))


@router.get(
    "/integrations/{platformKey}/branding",
    auth=READ,
    response=responses(Branding, 404),
    operation_id="get-integrations-branding",
    summary="Get branding",
)
def get_branding(request: ApiRequest, platformKey: str) -> dict[str, Any]:  # noqa: N803
    """Pictures for pages on which people choose a platform: monograms, no vendor's logo."""
    return brand.branding(find_integration(request, platformKey).platform)


def find_integration(request: ApiRequest, code: str) -> PlatformSettings:
    """:raises ApiError: 404 where there is no such platform here."""
    for each in platform_settings(request.organization.pk):
        if each.platform.code == code:
            return each
    raise ApiError(404, f"No integration was found with the key {code}")


def _written(held: PlatformSettings) -> dict[str, Any]:
    platform = held.platform
    return {
        "key": platform.code,
        "logoUrl": brand.logo_url(platform),
        "name": platform.name,
        "enabled": held.is_offered,
        "sourceId": str(source_id(platform.code)),
        "sourceType": platform.source_type,
        "integrationId": str(integration_id(platform.code)),
        "isOfflineConnector": False,
        "isBeta": False,
        "datatypeFeatures": [
            {
                "dataType": data_type,
                "supportedFeatures": [
                    {"featureType": each, "featureState": "Release"}
                    for each in _features(platform, data_type)
                ],
            }
            for data_type in DataType
            if data_type in platform.data_types
        ],
    }


def _features(platform: type[Platform], data_type: DataType) -> list[FeatureType]:
    features: list[FeatureType] = ["Get"]
    if data_type in platform.printed:
        features.append("GetAsPdf")
    if data_type in platform.attachments:
        features += ["GetAttachments", "GetAttachment", "DownloadAttachment"]
    return features
