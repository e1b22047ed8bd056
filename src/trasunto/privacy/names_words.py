"""The words around names, in English and Spanish: titles, announcements, and common words that are names as well."""

from __future__ import annotations

TITLES = (
    "Mr|Mrs|Ms|Miss|Mx|Dr|Dra|Drs|Prof|Profesora?|Professor|Doctora?|Sr|Sra|Srta|Sres|Señora?|Señorita|Don|Doña|D|Dña|Sir"
    "|Dame|Lady|Lord|Rev|Fr|Padre|Sor|Capt|Captain|Lt|Sgt|Judge|Nurse|Enfermer[oa]|Lic|Ing|Arq|Hon"
)
# What is followed by a name and hardly by anything else.
FIRM = (
    "my name is|my name's|name is|full name|me llamo|mi nombre es|se llama|nombre y apellidos|nombre completo|llamad[oa]"
    "|named|firmado(?: por)?|signed(?: by)?|fdo\\.?|paciente|patient|a nombre de|on behalf of|en nombre de"
)
# What is often followed by one.
CUES = (
    "i am|i'm|im|this is|it's|soy|dear|estimad[oa]|querid[oa]|hola|hi|hello|hey|thanks|thank you|gracias|regards|saludos"
    "|atentamente|abrazo|cheers|love|sincerely|from|by|de parte de|contact|contacto|ask for|pregunt[ae] por|name|nombre"
    "|cliente|customer|client|user|usuari[oa]|employee|empleado|mother|father|madre|padre|wife|husband|espos[oa]|hij[oa]"
    "|son|daughter|brother|sister|herman[oa]|friend|amig[oa]|colleague|compañer[oa]|tutor[a]?|doctor[a]?|abogad[oa]"
    "|lawyer|manager|jefe|jefa|boss|told|met|called|saw|with|con|para|por|vi a|a"
)
PARTICLES = (
    "de", "del", "de la", "de los", "de las", "la", "las", "los", "da", "das", "do", "dos", "di", "van", "van der",
    "van den", "der", "den", "von", "zu", "bin", "ibn", "al", "el", "le", "y", "i", "e", "ap", "ten", "ter",
)  # fmt: skip
# Capitalised words that no name holds: they end it.
NEVER = frozenset(
    """january february march april june july august september october november december monday tuesday wednesday thursday
    friday saturday sunday enero febrero marzo abril mayo junio julio agosto septiembre setiembre octubre noviembre
    diciembre lunes martes miercoles jueves viernes sabado domingo calle avenida plaza paseo camino carretera ronda street
    road avenue lane drive court boulevard hospital clinica clinic universidad university instituto institute colegio school
    banco bank ayuntamiento ministerio ministry departamento department empresa company sociedad servicio service ltd inc
    plc llc sl sa corp group grupo club hotel restaurante restaurant centro center centre north south east west norte sur
    este oeste spain espana england london madrid barcelona valencia sevilla bilbao zaragoza malaga paris berlin rome roma
    lisbon lisboa york francisco-city america europe europa africa asia mexico argentina colombia chile peru china india
    japan germany france italy portugal ireland scotland wales britain kingdom union european europea english spanish
    french german italian chinese american british espanol espanola ingles inglesa new united states great saint st san santa mount
    lake river island park bridge airport station high low team office dept room floor street's tv uk us usa ok id""".split()
)
# Words of every day that are names as well: alone they name nobody.
COMMON = frozenset(
    """will may mark rose grace hope joy faith dawn june april august summer autumn holly ivy lily daisy jasmine violet ruby
    pearl amber crystal sky skye river brook dean earl king prince duke baron bishop pope knight page chance chase cliff
    grant lance miles max pat ray rich rob sandy sonny star sunny art bill bob bud dick drew frank gene guy jack jay jean
    jimmy major mason norm olive penny peter christian angel angeles belen carmen concepcion consuelo cruz dolores estrella
    fe flor gloria luz mar mercedes milagros nieves paz pilar pura reyes remedios rocio rosario salud sol soledad socorro
    victoria virtudes blanca clara linda bella dulce mía mia tu rosa margarita violeta celeste alba aurora abril julio mayo
    leon lobo rey leal bueno bravo blanco rubio moreno castillo iglesias campos flores rivera torres vega prado rojo
    delgado guerra marin mora pardo soto costa serrano santos santo cano calvo caballero guerrero white black brown green
    gray grey young old long short small little large wise strong good best bell ball banks barber baker butler carpenter
    carter cook cooper day dean fields fisher forest fox gardner glass hall hardy hart hill hunter hunt jordan lane law
    love lowe marsh mason may miles mills moon moss nash noble north west parks parker perry pierce pike poole potter price
    rice rose salt sharp shepherd singer snow stone swift temple waters weaver webb wells winter wolf wood woods wright
    an in on at to so no go he me my we us you is it if or as be by do of up oh hi im the and but for not yes now see get got
    had has was are can did how who why what when where which while your our his her its they them there then than that
    this these those with from into just like make made more most much must need next nice only other over please right
    said same send sent she should some such sure take tell thank thanks think time today tomorrow tonight too two very
    want way well went were would yeah year yesterday hello hey dear sir madam call free text reply stop claim prize
    win won winner cash award mobile phone chat sexy urgent customer service box message msg txt ur u r k ok lol
    el la los las un una unos unas y o pero si no que como cuando donde quien cual este esta estos estas ese esa eso
    aquel aquella mi tu su mis tus sus nuestro nuestra muy mas menos bien mal hoy ayer manana aqui alli tambien ademas
    aunque porque pues entonces ahora siempre nunca todo toda todos todas nada algo mucho mucha muchos muchas poco poca
    buenos buenas dias tardes noches hola gracias saludos atentamente estimado estimada querido querida fue era son es
    esta estan estaba hay habia tiene tenia hace hacia segun sobre entre desde hasta para por con sin tras durante
    habitacion personal desayuno ubicacion recepcion precio calidad
    real main lead max mar mare sun son van major cruise sale sales bond chase dale doe lee li an ma he she hu yu han
    ali so ho do di min long wan kay kim sin she can may sam dan den ten""".split()
)  # fmt: skip
# Words of the lists of names that would be mistaken for names in any text.
NO_NAMES = frozenset(
    """valid till fancy tone dis yar uni ami sad gay bite merry voucher waiting your lucky queen purity day said holder
    birthday i e goto blind date valentines sin mas ser ver dar pan luna gran mejor peor bar vista llave todo paso modo
    case book check order paid data test email report note notes point power press quick ready real run sage save score
    sell shop show star state store story style table team test tree true trust value visit watch wish work world write
    year zone age alla alta america amigo among ante armas asi aun back beat begin cabeza cabo camara campo car cara carry
    casa church clear contra dado deep dia diez doctor duda each early ella else en ever fall field floor fondo foot forget
    francia grande gun hora house iglesia ii ir job key line list lo lot man mercado mesa mil mira nino parent pasa peace
    per poder podra puerta rio rock sala se segundo sera seven side sola song soon stock tan te toma uno vida vino wall
    water gang bang rum gin beer vodka hands verify wen txting love annoying""".split()
)
