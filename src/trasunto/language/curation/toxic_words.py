"""Words that a text to train on should not hold: slurs and strong profanity, English and Spanish, a line each.

Short on purpose. Words with a common harmless sense ("ass", "cock", "perra", "joder" as a mild oath) are left out;
what a field calls for is given by the user as a file. Inflected forms are listed where they are common.
"""

ENGLISH = """asshole
assholes
arsehole
bastard
bastards
bitch
bitches
bitching
bullshit
chink
chinks
coon
coons
cunt
cunts
cocksucker
cocksuckers
dickhead
dickheads
dyke
dykes
fag
fags
faggot
faggots
fuck
fucks
fucked
fucker
fuckers
fuckin
fucking
gook
gooks
gyppo
jizz
kike
kikes
motherfucker
motherfuckers
motherfucking
nigga
niggas
nigger
niggers
paki
pakis
piece of shit
raghead
ragheads
retard
retarded
retards
shit
shits
shitty
shithead
slut
sluts
slutty
son of a bitch
spastic
spic
spics
towelhead
tranny
trannies
twat
twats
wanker
wankers
wetback
wetbacks
whore
whores
wog
wogs"""

SPANISH = """bolillera
bollera
bolleras
cabron
cabrona
cabrones
capullo
capullos
chingada
chingar
chingue tu madre
comemierda
culero
culeros
coño
furcia
furcias
gilipollas
hijo de puta
hija de puta
hijos de puta
hijoputa
hijueputa
malparido
malparida
mamahuevo
mamon
mamones
maricon
maricona
maricones
marica
maricas
me cago en
mierda
mierdas
mongolico
moro de mierda
negro de mierda
ojete
panchito
panchitos
pendejo
pendeja
pendejos
polla
pollas
puta
putas
puto
putos
que te follen
retrasado mental
soplapollas
subnormal
subnormales
sudaca
sudacas
travelo
travelos
verga
vete a la mierda
zorra
zorras"""

WORDS = {"en": ENGLISH, "es": SPANISH}
