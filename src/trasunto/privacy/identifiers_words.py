"""What names of columns say, in English and Spanish: which kind of identifier, quasi-identifier or sensitive matter.

A name is looked at in plain letters, its words apart ("fechaNacimiento" is "fecha nacimiento"). The first line that
matches counts. A kind named here is told by the name; whether the values agree is weighed in identifiers.py.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Category = Literal["direct", "quasi", "sensitive", "text"]

# Kind → pattern of names of columns. Direct: names one person or nearly so.
DIRECT = (
    ("email", r"e ?mail|correo( electronico)?|email address|mail"),
    ("phone", r"phone|tele(ph|f)ono?( number)?|telephone|tel|tfno|tlf|tlfn|mobile|movil|celular|cell|fax|whatsapp|msisdn"),
    ("iban", r"iban|bank account|cuenta bancaria|cuenta corriente|bic iban"),
    ("ccc", r"ccc"),
    ("card", r"(credit|debit|payment)? ?card( number| no| num)?|tarjeta( de)?( credito| debito| bancaria)?|pan( number)?|cc num(ber)?"),
    ("dni", r"dni|nif|documento( nacional)?( de)?( identidad)?|doc identidad|num documento|numero documento|cedula"),
    ("nie", r"nie"),
    ("cif", r"cif"),
    ("nss", r"nss|naf|n(umero|um)?( de)? (la )?(seguridad social|afiliacion)|seguridad social"),
    ("ssn", r"ssn|social security( number| no| num)?|soc sec.*"),
    ("nhs", r"nhs( number| no| num)?"),
    ("health_card", r"tarjeta sanitaria|cip( sns| ?autonomico)?|health (card|insurance)( number)?|medicare( number)?"),
    ("national_id", r"(national|citizen|tax|identity|identification) ?(id|number|no|document)|tin|curp|rfc|rut|run|cpf|cuit|cuil|pesel|bsn|nir|codice fiscale|nino|national insurance.*|government id|id card"),
    ("passport", r"passport.*|pasaporte.*|n(umero|um)? pasaporte"),
    ("driving_licence", r"(driver'?s?|driving) ?licen[cs]e.*|permiso( de)? conducir|licencia( de)? conduc.*|carnet( de)? conducir|licen[cs]e (number|no|num)"),
    ("plate", r"(number|licen[cs]e|registration) plate|plate|matricula( vehiculo| coche)?|vehicle registration|vrn|vin|bastidor|chassis.*"),
    ("cadastral", r"(referencia|ref) ?catastral|cadastral.*"),
    ("ip", r"ip|ip ?(addr|address)|direccion ip|client ip|remote addr|ipv[46]"),
    ("mac", r"mac|mac address|direccion mac|imei|imsi|device id|udid|id dispositivo|android id|idfa"),
    ("url", r"url|web( ?site| page)?|homepage|pagina web|linkedin|facebook|twitter|instagram|profile (url|link)"),
    ("username", r"user ?name|login|usuario|nick( ?name)?|screen name|handle|alias|account name|twitter handle"),
    ("password", r"pass ?word|contrasena|clave|passwd|pwd|pin|secret|token|api key"),
    ("address", r"(home|street|postal|mailing|billing|shipping|residential|full)? ?address( line)?( ?\d)?|direccion( postal)?|domicilio|street( name| address)?|calle|via publica|addr|residence|nombre via"),
    ("coordinates", r"lat|latitude|latitud|lon|lng|long|longitude|longitud|gps|coord(inate|enada)s?|geolocation|geolocalizacion"),
    ("biometric", r"finger ?print|huella|photo|foto|face|voice ?print|iris|biometric.*|biometri.*|signature|firma"),
    ("person", r"(full|first|last|middle|given|family|maiden|sur|fore|pet)? ?name|surname|forename|nombres?( completo| de pila)?|nombre y apellidos?|apellidos?( ?\d)?|(primer|segundo) apellido|(patient|customer|client|employee|contact|doctor|physician|mother|father|spouse|student|person|member|holder|beneficiary|guardian|author|sender|recipient|teacher|emergency contact)s? ?name|nombre (de(l|la)? )?(paciente|cliente|empleado|contacto|madre|padre|alumno|titular|medico|tutor|usuario)|paciente|titular|fname|lname|f name|l name|cardholder|account holder"),
    ("record_number", r"mrn|nhc|medical record.*|(numero|num|n) ?(de )?(historia|expediente|poliza|afiliado|cliente|socio|empleado|paciente|colegiado|cuenta)( clinica)?|historia( clinica)?|expediente|poliza|policy (number|no|num|id)|(account|customer|client|patient|employee|member|subscriber|case|record|chart|file|student|person|user|subject|participant|beneficiary|insurance|citizen|applicant|respondent|loyalty|booking)s? ?(number|no|num|nr|id|code|ref|identifier|key)|id ?(de )?(paciente|cliente|empleado|usuario|persona|alumno|socio|titular)|(codigo|cod|identificador) (de )?(paciente|cliente|empleado|usuario|persona)|legajo|certificate (number|no)|account( to| from)?|cuenta( (de )?(destino|origen))?|beneficiary account"),
)  # fmt: skip
# What many share, and together tell one person from the others.
QUASI = (
    ("date_of_birth", r"(date|day|fecha|f|fec|year|month|ano|anio|mes)( of| de)? ?(birth|nacimiento|nac|born)|dob|birth ?(date|day|year|month)|nacimiento|fnac|birth|yob|birth (number|dt)|born"),
    ("date_of_death", r"(date|fecha)( of| de)? ?(death|defuncion|fallecimiento|exitus)|death ?date|dod|exitus"),
    ("age", r"age|edad|age (group|band|years?|range)|anos|edad (anos|actual)|grupo( de)? edad|rango( de)? edad"),
    ("sex", r"sex|gender|sexo|genero"),
    ("postcode", r"(post|postal|zip) ?code|zip|postcode|codigo postal|cod postal|cp|c p|plz|zip ?5|postal"),
    ("place", r"city|town|ciudad|municipio|municipality|localidad|poblacion|province|provincia|county|state|estado( residencia)?|region|comarca|comunidad( autonoma)?|ccaa|district|distrito|barrio|neighbou?rhood|village|pueblo|residence|lugar( de)?( residencia| nacimiento)?|birth ?place|place of birth|location|ubicacion|census tract|seccion censal|area|parish|canton|prefecture"),
    ("country", r"country.*|pais.*|nationality|nacionalidad|native country|citizenship|ciudadania|origin|origen|country of (birth|origin|residence)"),
    ("marital_status", r"marital( status)?|estado civil|civil status|relationship( status)?|married"),
    ("ethnicity", r"race|raza|ethnic(ity| group| origin)?|etnia|origen etnico|skin colou?r|caste|tribe"),
    ("education", r"education.*|educacion|estudios|nivel( de)? (estudios|educativo|educacion)|degree|titulacion|qualification|school(ing)?|academic level"),
    ("occupation", r"occupation|ocupacion|job( title)?|profession|profesion|puesto( de)?( trabajo)?|work ?class|employment|empleo|cargo|role title|trabajo|employer|empresa|department|departamento|industry|sector"),
    ("household", r"household.*|hogar|(num|numero|number|n)( of| de)? (children|hijos|dependents|miembros)|children|hijos|dependents|family size|tamano (familiar|hogar)"),
    ("language", r"(native |mother |first )?language|idioma|lengua( materna)?"),
    ("body", r"height|weight|altura|talla|peso|eye colou?r|hair colou?r"),
    ("event_date", r"(admission|discharge|visit|appointment|hire|enrol+ment|entry|joining|diagnosis|surgery) ?(date|day|time)|(fecha|f)( de)? ?(ingreso|alta|visita|cita|contratacion|matricula|diagnostico|intervencion|consulta|cirugia)"),
)  # fmt: skip
# What would harm if it became known; special categories of GDPR article 9, money, and the like.
SENSITIVE = (
    ("health", r"diagnos(is|es|tic.*)|diagnostico.*|disease|enfermedad.*|icd ?(9|10|11)?( code)?|cie ?(9|10|11)?|condition|comorbid.*|treatment|tratamiento|medication|medicacion|drugs?|farmaco|prescription|receta|symptoms?|sintomas?|hiv( status)?|vih|hepatitis|cancer|tumou?r|diabetes|blood (type|group|pressure)|grupo sanguineo|pregnan(t|cy)|embarazo|disabilit(y|ies)|discapacidad.*|mental.*|depression|allerg(y|ies)|alergias?|smok(er|ing|es)|fumador|tabaco|tabaquismo|alcohol.*|bmi|imc|mortality|patolog(y|ia)|test result|resultado|lab result|outcome|surgery|procedure|procedimiento|antecedentes|vaccin.*|vacuna.*|hospital expire flag|clinical note.*|heart disease"),
    ("genetic", r"gen(e|etic|ome|otype|otipo).*|dna|adn|mutation|mutacion|snp"),
    ("religion", r"relig(ion|ious).*|creencia.*|faith|confesion"),
    ("politics", r"politic.*|party|partido( politico)?|vote|voto|ideolog(y|ia)|union( member.*)?|sindicato|afiliacion sindical"),
    ("sexual", r"sexual.*|orientacion( sexual)?|gender identity|identidad de genero"),
    ("criminal", r"crim(e|inal).*|convict(ed|ion).*|arrest.*|offen[cs]e|delitos?|antecedentes penales|condena|recidiv.*|victim.*"),
    ("income", r"income|salar(y|io)|sueldo|wages?|renta|ingresos?|earnings|pay|nomina|net worth|patrimonio|annual income|capital (gain|loss)|bonus|retribucion"),
    ("finance", r"(account )?balance|saldo|debts?|deuda.*|loan( amount| status)?|prestamo|credit (score|limit|rating|history)|default|impago|mortgage|hipoteca|amount|importe|transaction.*|savings"),
    ("grades", r"grade|nota( media)?|gpa|exam (result|score)|calificacion|test score|score|iq"),
)  # fmt: skip
TABLES: dict[Category, tuple[tuple[str, str], ...]] = {"direct": DIRECT, "quasi": QUASI, "sensitive": SENSITIVE}


def words_of(name: str) -> str:
    """A column's name in plain letters with its words apart: "fechaNacimiento_1" is "fecha nacimiento 1"."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    bare = "".join(c for c in unicodedata.normalize("NFKD", apart.casefold()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w']|_", " ", bare).split())


@lru_cache(maxsize=4096)
def told_by_name(name: str) -> tuple[tuple[Category, str, float], ...]:
    """What a name says: (category, kind, confidence), the surest first; whole names count more than parts of them."""
    words = words_of(name)
    found: list[tuple[Category, str, float]] = []
    for category, table in TABLES.items():
        for kind, pattern in table:
            if re.fullmatch(rf"(?:{pattern})(?: \d+)?", words):
                found.append((category, kind, 0.9))
            elif re.search(rf"(?:^|\b(?:the|of|de|del) )(?:{pattern})$|^(?:{pattern})\b|\b(?:{pattern})$", words):
                found.append((category, kind, 0.6))
    order = list(TABLES)
    return tuple(sorted(found, key=lambda each: (-each[2], order.index(each[0]))))
