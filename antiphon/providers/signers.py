"""From what the settings say to who signs: one search per cloud."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from antiphon.credential_settings import AwsSettings, AzureSettings, GoogleSettings
from antiphon.errors import ConfigError
from antiphon.protocols import Clock
from antiphon.provider_settings import ProviderSettings
from antiphon.providers.aws import AwsCredentials, AwsSearch
from antiphon.providers.azure import AzureCredentials, AzureSearch
from antiphon.providers.credentials import STYLES, Credentials
from antiphon.providers.errands import Errands
from antiphon.providers.google import GoogleCredentials, GoogleSearch
from antiphon.providers.row import ProviderRow

_ITS_OWN: Final = "authorization"


@dataclass(frozen=True, slots=True)
class Signers:
    """Makes them. `errands` are how token services are asked."""

    errands: Errands
    clock: Clock

    def credentials(self, row: ProviderRow, settings: ProviderSettings) -> Credentials | None:
        """Who signs, None where a key or a header of the owner's does. Raises ConfigError for what cannot work."""
        opening = {_ITS_OWN, STYLES[row.key][0].lower()}
        if settings.api_key is not None or not opening.isdisjoint(name.lower() for name in settings.headers):
            return None
        match row.cloud:
            case "aws":
                if settings.region is None:
                    raise ConfigError("signing for AWS needs `region`")
                said = settings.aws or AwsSettings()
                return AwsCredentials(AwsSearch(said, settings.region, self.errands, self.clock), row.service)
            case "google":
                return GoogleCredentials(GoogleSearch(settings.google or GoogleSettings(), self.errands, self.clock))
            case "azure":
                return AzureCredentials(AzureSearch(settings.azure or AzureSettings(), self.errands, self.clock))
            case None:
                return None
