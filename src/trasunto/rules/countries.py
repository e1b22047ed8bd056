"""What is told of each locale beside its lists of names and places: how things are ordered and written there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """One locale.

    country, name: ISO 3166-1 code and the country's own name. name_order: how a full name is put together. street,
    address: how a street with number, and a whole address, are written. streets, numbers, postcodes, phones: templates
    or formats used instead of the data's own; None keeps those. id: the national identity number, a name known to
    codes.py or ids.py. iban: whether people there have one.
    """

    country: str
    name: str
    name_order: str = "{first} {last}"
    street: str = "{street} {number}"
    address: str = "{street_address}, {postcode} {city}"
    streets: tuple[str, ...] | None = None
    numbers: tuple[str, ...] | None = None
    postcodes: tuple[str, ...] | None = None
    phones: tuple[str, ...] | None = None
    id: str | None = None
    iban: bool = True


_TWO = "{first} {last} {second}"
_FRONT = "{number} {street}"
_EAST = "{last}{first}"
_COMMA = "{street_address}, {city}, {postcode}"

LOCALES: dict[str, Facts] = {
    "cs_CZ": Facts("CZ", "Česko", streets=("{{street}}",)),
    "da_DK": Facts("DK", "Danmark", phones=("+45 %# ## ## ##",)),
    "de_AT": Facts("AT", "Österreich", phones=("+43 66# #######", "0650 #######", "+43 1 %######")),
    "de_CH": Facts("CH", "Schweiz", phones=("+41 7# %## ## ##", "07# %## ## ##", "04# %## ## ##")),
    "de_DE": Facts(
        "DE",
        "Deutschland",
        postcodes=("###",),
        phones=("+49 15# %#######", "+49 17# %######", "030 %#######", "0%## %######"),
        numbers=("%", "%#", "%##", "%#a"),
    ),
    "el_GR": Facts(
        "GR",
        "Ελλάδα",
        streets=("{{locality}}",),
        phones=("69# ### ####", "+30 69# ### ####", "21# ### ####"),
        numbers=("%", "%#", "%##"),
    ),
    "en_GB": Facts(
        "GB",
        "United Kingdom",
        street=_FRONT,
        address="{street_address}, {city}, {postcode}",
        id="nhs",
        postcodes=("%", "%#"),
        numbers=("%", "%#", "%##"),
    ),
    "en_IN": Facts(
        "IN",
        "India",
        street="{number}, {street}",
        address="{street_address}, {city} {postcode}",
        postcodes=("###",),
        phones=("+91 9#########", "+91 8#########", "+91 7#########"),
        id="aadhaar",
        iban=False,
    ),
    "en_NZ": Facts(
        "NZ",
        "New Zealand",
        street=_FRONT,
        address="{street_address}, {city} {postcode}",
        iban=False,
        streets=("{{first_name}} {{street_suffix}}", "{{last_name}} {{street_suffix}}"),
        phones=("02# %## ####", "0% %## ####", "+64 2# %## ####"),
    ),
    "en_US": Facts(
        "US",
        "United States",
        street=_FRONT,
        address="{street_address}, {city}, {region_code} {postcode}",
        postcodes=("##",),
        numbers=("%####", "%###", "%##"),
        id="ssn",
        iban=False,
        phones=("($##) $##-####", "$##-$##-####", "+1-$##-$##-####"),
    ),
    "es_AR": Facts(
        "AR",
        "Argentina",
        address="{street_address}, {postcode} {city}",
        id="cuil",
        iban=False,
        phones=("+54 9 11 %### ####", "+54 9 3## %## ####", "11 %###-####"),
    ),
    "es_CL": Facts(
        "CL",
        "Chile",
        address=_COMMA,
        id="rut",
        iban=False,
        postcodes=("%#####0",),
        streets=(
            "{{street_prefix}} {{common_street_name}}",
            "{{street_prefix}} {{plant_street_name}}",
            "{{street_prefix}} {{first_name}} {{last_name}}",
        ),
        name_order=_TWO,
        phones=("+56 9 %### ####", "+56 2 2%## ####"),
    ),
    "es_CO": Facts(
        "CO",
        "Colombia",
        address=_COMMA,
        iban=False,
        name_order=_TWO,
        streets=("Calle %#", "Carrera %#", "Calle 1##", "Avenida %#", "Diagonal %#", "Transversal %#"),
        street="{street} #{number}",
        numbers=("%-%#", "%#-%#", "1##-%#"),
        phones=("+57 30# ### ####", "+57 31# ### ####", "+57 32# ### ####", "601 %######"),
    ),
    "es_ES": Facts(
        "ES",
        "España",
        name_order=_TWO,
        postcodes=("###",),
        id="dni",
        phones=("+34 6## ### ###", "+34 7%# ### ###", "+34 9%# ### ###", "6## ### ###", "7%# ### ###", "9%# ### ###"),
    ),
    "es_MX": Facts(
        "MX",
        "México",
        name_order=_TWO,
        postcodes=("###",),
        id="curp",
        iban=False,
        numbers=("%", "%#", "%##", "%###"),
        streets=("{{street_prefix}} {{last_name}}", "{{street_prefix}} {{first_name}} {{last_name}}"),
        phones=("+52 55 %### ####", "+52 33 %### ####", "+52 81 %### ####", "%## ### ####", "+52 %## ### ####"),
    ),
    "fi_FI": Facts("FI", "Suomi", id="hetu", numbers=("%", "%#", "%##"), phones=("+358 4# #######", "04# ### ####")),
    "fr_CH": Facts("CH", "Suisse", phones=("+41 7# %## ## ##", "07# %## ## ##", "02# %## ## ##")),
    "fr_FR": Facts(
        "FR",
        "France",
        street=_FRONT,
        id="nir",
        postcodes=("###",),
        phones=("06 ## ## ## ##", "07 ## ## ## ##", "+33 6 ## ## ## ##", "01 ## ## ## ##", "04 ## ## ## ##"),
    ),
    "he_IL": Facts("IL", "ישראל", numbers=("%", "%#", "%##")),
    "hi_IN": Facts(
        "IN",
        "भारत",
        street=_FRONT,
        address="{street_address}, {city} {postcode}",
        id="aadhaar",
        iban=False,
        phones=("+91 9#########", "+91 8#########"),
        numbers=("%", "%#", "%##"),
        postcodes=("%#####",),
    ),
    "hr_HR": Facts("HR", "Hrvatska", streets=("{{street}}",), numbers=("%", "%#", "%##"), postcodes=("%####",)),
    "hu_HU": Facts(
        "HU",
        "Magyarország",
        name_order="{last} {first}",
        streets=("{{frequent_street_name}} {{street_suffix}}", "{{real_city_name}}i {{street_suffix}}"),
        numbers=("%", "%#", "%##"),
        postcodes=("%###",),
        address="{street_address}, {postcode} {city}",
        phones=("+36 20 ### ####", "+36 30 ### ####", "+36 1 ### ####"),
    ),
    "id_ID": Facts(
        "ID",
        "Indonesia",
        street="{street} No. {number}",
        address="{street_address}, {city} {postcode}",
        numbers=("%", "%#", "%##"),
        iban=False,
        phones=("+62 8## #### ####", "08## #### ####"),
    ),
    "it_IT": Facts(
        "IT",
        "Italia",
        street="{street}, {number}",
        numbers=("%", "%#", "%##"),
        phones=("+39 3%# ### ####", "3%# ### ####", "06 %#######", "02 %#######"),
    ),
    "ja_JP": Facts(
        "JP",
        "日本",
        name_order="{last} {first}",
        street="{street}{number}",
        streets=("{{town}}",),
        address="〒{postcode} {region}{city}{street_address}",
        numbers=("%丁目%番%号", "%丁目%#番%号"),
        postcodes=("%##-####",),
        iban=False,
    ),
    "ko_KR": Facts(
        "KR",
        "대한민국",
        name_order=_EAST,
        streets=("{{road_name}}{{road_suffix}}",),
        numbers=("%", "%#", "%##"),
        address="{region} {city} {street_address} ({postcode})",
        postcodes=("#####",),
        iban=False,
    ),
    "nl_BE": Facts(
        "BE", "België", numbers=("%", "%#", "%##"), phones=("04## ## ## ##", "+32 4## ## ## ##", "02 %## ## ##")
    ),
    "nl_NL": Facts(
        "NL",
        "Nederland",
        id="bsn",
        numbers=("%", "%#", "%##"),
        postcodes=("%### ??",),
        phones=("06 ########", "+31 6 ########", "020 %######"),
    ),
    "no_NO": Facts("NO", "Norge", numbers=("%", "%#", "%##"), phones=("+47 4## ## ###", "+47 9## ## ###")),
    "pl_PL": Facts("PL", "Polska", streets=("ul. {{street}}",), id="pesel", numbers=("%", "%#", "%##", "%#/%")),
    "pt_BR": Facts(
        "BR",
        "Brasil",
        street="{street}, {number}",
        id="cpf",
        postcodes=("###-###",),
        iban=False,
        address="{street_address}, {city} - {region_code}, {postcode}",
        streets=("{{street_prefix}} {{last_name}}", "{{street_prefix}} {{first_name}} {{last_name}}"),
        phones=("+55 11 9####-####", "+55 21 9####-####", "(11) 9####-####", "(31) 3###-####"),
    ),
    "pt_PT": Facts("PT", "Portugal", street="{street}, {number}", id="nif", numbers=("%", "%#", "%##")),
    "ro_RO": Facts(
        "RO",
        "România",
        numbers=("nr. %", "nr. %#", "nr. %##"),
        phones=("07## ### ###", "+40 7## ### ###", "021 ### ####"),
        postcodes=("%#####",),
    ),
    "ru_RU": Facts(
        "RU",
        "Россия",
        street="{street}, д. {number}",
        streets=("ул. {{street_title}}",),
        iban=False,
        address="{postcode}, {city}, {street_address}",
        phones=("+7 9## ### ## ##", "8 (9##) ###-##-##"),
        postcodes=("%#####",),
    ),
    "sk_SK": Facts("SK", "Slovensko", streets=("{{street}}",)),
    "sl_SI": Facts("SI", "Slovenija", streets=("{{street}}",), numbers=("%", "%#", "%##"), postcodes=("%###",)),
    "sv_SE": Facts(
        "SE",
        "Sverige",
        id="personnummer",
        numbers=("%", "%#"),
        postcodes=("%## ##",),
        phones=("070-### ## ##", "073-### ## ##", "+46 70 ### ## ##", "08-### ### ##"),
    ),
    "uk_UA": Facts(
        "UA",
        "Україна",
        street="{street}, {number}",
        streets=("вул. {{street_title}}",),
        numbers=("%", "%#", "%##"),
        address="{street_address}, {city}, {postcode}",
        postcodes=("#####",),
        phones=("+380 50 ### ## ##", "067 ### ## ##"),
    ),
    "vi_VN": Facts(
        "VN",
        "Việt Nam",
        name_order="{last} {first}",
        street=_FRONT,
        streets=("{{street_prefix}} {{street}}",),
        address="{street_address}, {city} {postcode}",
        numbers=("%", "%#", "%##"),
        iban=False,
        phones=("09# ### ####", "+84 9# ### ####"),
        postcodes=("%####",),
    ),
    "zh_CN": Facts(
        "CN",
        "中国",
        name_order=_EAST,
        street="{street}{number}",
        numbers=("%号", "%#号", "%##号"),
        address="{region}{city}{street_address} {postcode}",
        streets=("{{city_name}}{{street_suffix}}",),
        iban=False,
    ),
    "zh_TW": Facts(
        "TW",
        "臺灣",
        name_order=_EAST,
        street="{street}{number}",
        streets=("{{street_name}}{{street_suffix}}",),
        address="{postcode} {city}{street_address}",
        numbers=("%號", "%#號", "%##號"),
        postcodes=("%##",),
        iban=False,
    ),
}
