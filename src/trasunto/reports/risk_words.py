"""What a report says of attacks, in English and Spanish."""

from __future__ import annotations

RISKS: dict[str, tuple[str, str]] = {
    "risks": ("What an attacker could learn", "Qué podría averiguar un atacante"),
    "risk.unlike": (
        "The unseen rows are told from the training rows themselves (probability {value}; 0.5 where they are alike): "
        "they are no random part of the same data, as those of another place or a later year are not. Whatever is "
        "compared with them, copies, distances and attacks, may take that difference for a leak. Next: split the same "
        "rows at random, and measure again.",
        "Las filas no vistas se distinguen de las propias filas de entrenamiento (probabilidad {value}; 0,5 si se "
        "parecen): no son una parte al azar de los mismos datos, como no lo son las de otro lugar o de un año "
        "posterior. Lo que se compara con ellas (copias, distancias y ataques) puede tomar esa diferencia por una "
        "fuga. Siguiente paso: dividir al azar las mismas filas y volver a medir.",
    ),
    "risk.unlike_short": (
        "But the unseen rows are unlike the training rows: it may be a false alarm.",
        "Pero las filas no vistas no se parecen a las de entrenamiento: puede ser una falsa alarma.",
    ),
    "risk.lead_none": (
        "No attack worked better on the people whose rows were used than on people whose rows were not. That is what "
        "these attacks found; it is no proof that there is nothing to find.",
        "Ningún ataque funcionó mejor con las personas cuyas filas se usaron que con personas cuyas filas no se usaron. "
        "Eso es lo que hallaron estos ataques; no prueba que no haya nada que hallar.",
    ),
    "risk.lead_slight": (
        "{count} of {all} attacks worked a little better on the people whose rows were used than on others: {names}.",
        "{count} de {all} ataques funcionaron algo mejor con las personas cuyas filas se usaron que con otras: {names}.",
    ),
    "risk.lead_clear": (
        "The synthetic rows give away something about the people whose rows were used. What worked: {names}.",
        "Las filas sintéticas revelan algo de las personas cuyas filas se usaron. Lo que funcionó: {names}.",
    ),
    "risk.lead_grave": (
        "Do not release these rows: they give away the people whose rows were used. What worked: {names}.",
        "No publique estas filas: revelan a las personas cuyas filas se usaron. Lo que funcionó: {names}.",
    ),
    "risk.lead_blind": (
        "Without real rows that nobody has seen, what the rows give away cannot be told from what anybody could guess. "
        "Give a holdout.",
        "Sin filas reales que nadie haya visto no se distingue lo que revelan las filas de lo que cualquiera podría "
        "adivinar. Indique una reserva.",
    ),
    "risk.level_open": (
        "By the limits proposed here, the rows could be released openly.",
        "Según los límites propuestos aquí, las filas podrían publicarse abiertamente.",
    ),
    "risk.level_controlled": (
        "By the limits proposed here, the rows could go to known recipients under contract, not to the public.",
        "Según los límites propuestos aquí, las filas podrían entregarse a destinatarios conocidos bajo contrato, no al "
        "público.",
    ),
    "risk.level_internal": (
        "By the limits proposed here, the rows should stay inside the house.",
        "Según los límites propuestos aquí, las filas no deberían salir de la organización.",
    ),
    "risk.level_note": (
        "No authority publishes such limits; whoever answers for the data decides what risk is acceptable. Open release "
        "asks for a guarantee of differential privacy (epsilon at most 3) besides.",
        "Ninguna autoridad publica tales límites; quien responde de los datos decide qué riesgo es aceptable. La "
        "publicación abierta exige además una garantía de privacidad diferencial (épsilon 3 como máximo).",
    ),
    # what was found before any attack
    "found_copy": (
        "The synthetic file is the real file: the same rows. Everything in it is the data of real people.",
        "El archivo sintético es el archivo real: las mismas filas. Todo lo que contiene son datos de personas reales.",
    ),
    "found_no_holdout": (
        "No unseen real rows were given: there is no control, and membership cannot be attacked. The training rows "
        "cannot be split for this, for all of them were learnt from.",
        "No se dieron filas reales no vistas: no hay control y no se puede atacar la pertenencia. Las filas de "
        "entrenamiento no pueden dividirse para ello, porque de todas se aprendió.",
    ),
    "found_shared": (
        "{share} of the holdout rows stand among the training rows too. If these are the same people, the control is none "
        "and the risks are greater than they look.",
        "El {share} de las filas de reserva está también entre las de entrenamiento. Si son las mismas personas, el "
        "control no lo es y los riesgos son mayores de lo que parecen.",
    ),
    "found_few": (
        "The holdout has {count} rows; membership is attacked from {least} on.",
        "La reserva tiene {count} filas; la pertenencia se ataca a partir de {least}.",
    ),
    "risk.left_out": ("{metric} was not made: {why}", "No se hizo {metric}: {why}"),
    # table
    "risk.question": ("can an attacker …", "¿puede un atacante …"),
    "risk.inside": ("in the data", "en los datos"),
    "risk.outside": ("others", "otras"),
    "risk.guess": ("by guessing", "adivinando"),
    "risk.risk": ("risk (95 % interval)", "riesgo (intervalo del 95 %)"),
    "risk.answer": ("found", "hallado"),
    "risk.tone_none": ("no sign", "sin indicios"),
    "risk.tone_vague": ("no sign, few rows", "sin indicios, pocas filas"),
    "risk.tone_slight": ("a little", "un poco"),
    "risk.tone_clear": ("yes, some", "sí, algo"),
    "risk.tone_grave": ("yes", "sí"),
    "risk.tone_blind": ("no control", "sin control"),
    "risk.ask_singling_out": ("pick out one person?", "señalar a una persona?"),
    "risk.ask_linkability": ("join two sources on a person?", "unir dos fuentes sobre una persona?"),
    "risk.ask_inference": ("guess a secret?", "adivinar un secreto?"),
    "risk.ask_membership": ("tell who was in the data?", "saber quién estaba en los datos?"),
    "risk.ask_outliers": ("tell which unusual people were in it?", "saber qué personas poco comunes estaban?"),
    "risk.ask_exact_copies": ("read a real row?", "leer una fila real?"),
    "risk.ask_families": ("read a whole family of rows?", "leer una familia entera de filas?"),
    # one paragraph an attack
    "risk.singling_out": (
        "From the synthetic rows alone, descriptions were written that ought to fit one person only, such as a rare value "
        "or a few values together. {inside} of them fit exactly one person in the data, {outside} exactly one other "
        "person. Somebody who knows such a description of a neighbour can find the row that is about him.",
        "Solo con las filas sintéticas se escribieron descripciones que deberían convenir a una única persona, como un valor "
        "raro o unos pocos valores juntos. El {inside} conviene exactamente a una persona de los datos y el {outside} a "
        "exactamente otra. Quien conozca tal descripción de un vecino puede encontrar la fila que trata de él.",
    ),
    "risk.linkability": (
        "Somebody holds some columns of a person from one source and the others from a second one without names, and asks "
        "the synthetic rows which belong together. For {inside} of the people in the data they say it, for {outside} of "
        "other people.",
        "Alguien tiene unas columnas de una persona por una fuente y las demás por otra sin nombres, y pregunta a las filas "
        "sintéticas cuáles van juntas. Lo dicen para el {inside} de las personas de los datos y para el {outside} de otras.",
    ),
    "risk.inference": (
        "Somebody knows {keys} of a person and reads {secret} off the synthetic row that is most alike. He is right about "
        "{inside} of the people in the data and about {outside} of other people; one guess for everybody is right about "
        "{guess}. What he learns about everybody is what the data is for; what he learns beyond that was leaked.",
        "Alguien conoce {keys} de una persona y lee {secret} en la fila sintética más parecida. Acierta con el {inside} de "
        "las personas de los datos y con el {outside} de otras; decir lo mismo de todas acierta con el {guess}. Lo que "
        "averigua de cualquiera es para lo que sirven los datos; lo que averigua más allá se filtró.",
    ),
    "risk.others": ("all other columns", "todas las demás columnas"),
    "risk.membership": (
        "Shown one person of the data and one who is not in it, the best of many attacks points to the right one {value} "
        "of the time ({low} to {high}; a coin: 50 %). While it accuses one in a hundred wrongly it finds {found} of the "
        "people in the data; one in a thousand, {sure}. To have been in the data may itself be a secret: of a clinic, a "
        "debt register, a court.",
        "Ante una persona de los datos y otra que no está, el mejor de muchos ataques señala a la correcta el {value} de las "
        "veces ({low} a {high}; una moneda: 50 %). Si acusa en falso a una de cada cien halla al {found} de las personas de "
        "los datos; a una de cada mil, al {sure}. Haber estado en los datos puede ser un secreto: de una clínica, de un "
        "registro de morosos, de un juzgado.",
    ),
    "risk.outliers": (
        "Unusual people are easier to recognise. Among the tenth that lies furthest from everybody else, or has the rarest "
        "values, the best attack points to the right one {value} of the time ({low} to {high}).",
        "A las personas poco comunes se las reconoce mejor. En la décima parte más alejada de las demás, o con los valores "
        "más raros, el mejor ataque señala a la correcta el {value} de las veces ({low} a {high}).",
    ),
    "risk.exact_copies": (
        "{value} of the synthetic rows equal a training row in every column; {outside} of unseen real rows do, by chance.",
        "El {value} de las filas sintéticas es igual a una de entrenamiento en todas las columnas; lo es por azar el "
        "{outside} de las filas reales no vistas.",
    ),
    "risk.families": (
        "{value} of the synthetic families (a row with all that refer to it) equal a real one; {outside} of unseen ones do.",
        "El {value} de las familias sintéticas (una fila con todas las que la citan) es igual a una real; lo es el "
        "{outside} de las no vistas.",
    ),
    "risk.distances": (
        "Distances to training rows are shown among the scores because buyers ask for them. They are not evidence of "
        "privacy: rows may pass every distance and still give people away. No limit above reads them.",
        "Las distancias a las filas de entrenamiento figuran entre las cifras porque se piden. No son prueba de privacidad: "
        "las filas pueden superar toda distancia y aun así revelar a personas. Ningún límite de los anteriores las lee.",
    ),
    "risk.bound": (
        "The guarantee (epsilon {epsilon}) says that no attack finds more than {bound} of the people in the data while wrong "
        "about 1 % of others; the best attack found {found}. The two agree.",
        "La garantía (épsilon {epsilon}) dice que ningún ataque halla a más del {bound} de las personas de los datos errando "
        "con el 1 % de las otras; el mejor ataque halló al {found}. Ambas cosas concuerdan.",
    ),
    "risk.bound_broken": (
        "The guarantee does not hold: with epsilon {epsilon} no attack could find more than {bound} of the people in the "
        "data while wrong about 1 % of others, and attacks found more than such bounds allow ({found} here). Stop the "
        "release and look for the fault.",
        "La garantía no se cumple: con épsilon {epsilon} ningún ataque podría hallar a más del {bound} de las personas de los "
        "datos errando con el 1 % de las otras, y los ataques hallaron más de lo que tales cotas permiten ({found} aquí). "
        "Detenga la publicación y busque el fallo.",
    ),
    "risk.next": (
        "Next: coarsen or leave out the columns that mark people (trasunto protect), smooth the synthesizer more, or fit it "
        "with a budget of differential privacy; then audit the new rows.",
        "Siguiente paso: generalizar o quitar las columnas que señalan a personas (trasunto protect), suavizar más el "
        "sintetizador o ajustarlo con un presupuesto de privacidad diferencial; después, auditar las filas nuevas.",
    ),
    "risk.unknown": ("not known", "no se sabe"),
    # figure
    "fig_attacks": ("What each attack hits", "Lo que acierta cada ataque"),
    "fig_attacks_caption": (
        "Share of attacks that hit people in the data (dot, with 95 % interval), others (diamond), and by guessing (line). "
        "Membership: people found while wrong about 1 %. Where the dot lies right of the diamond, something leaks.",
        "Proporción de ataques que aciertan con personas de los datos (punto, con intervalo del 95 %), con otras (rombo) y "
        "adivinando (raya). Pertenencia: personas halladas errando con el 1 %. Donde el punto queda a la derecha del rombo, "
        "algo se filtra.",
    ),
    "risk.attack": ("attack", "ataque"),
    "risk.hits": ("share that hits", "proporción de aciertos"),
    "risk.of_singling_out": ("singling out", "señalar"),
    "risk.of_linkability": ("linking", "unir"),
    "risk.of_inference": ("secret", "secreto"),
    "risk.of_membership": ("membership", "pertenencia"),
    "risk.on_one column": ("one column", "una columna"),
    "risk.on_several columns": ("several columns", "varias columnas"),
    # glossary
    "privacy.singling_out": (
        "Risk that a description read off the synthetic rows fits exactly one training row, beyond what unseen rows give.",
        "Riesgo de que una descripción tomada de las filas sintéticas convenga a una sola fila de entrenamiento, más allá de "
        "lo que dan filas no vistas.",
    ),
    "privacy.singling_out_success": (
        "Share of such descriptions that fit exactly one training row; control: one unseen row.",
        "Proporción de tales descripciones que convienen a una sola fila de entrenamiento; control: a una no vista.",
    ),
    "privacy.linkability": (
        "Risk that two halves of a training row are linked through the synthetic rows, beyond unseen rows.",
        "Riesgo de que las filas sintéticas unan dos mitades de una fila de entrenamiento, más allá de filas no vistas.",
    ),
    "privacy.linkability_success": ("Share of people who are linked.", "Proporción de personas unidas."),
    "privacy.inference": (
        "Risk that the synthetic rows give away a secret of a training row, beyond unseen rows; the secret surest to leak.",
        "Riesgo de que las filas sintéticas revelen un secreto de una fila de entrenamiento, más allá de filas no vistas; el "
        "secreto que más seguro se filtra.",
    ),
    "privacy.inference_success": ("Share of secrets guessed right.", "Proporción de secretos acertados."),
    "privacy.membership": (
        "Chance that the best attack ranks a training row above an unseen one; 0.5 is a coin.",
        "Probabilidad de que el mejor ataque ponga una fila de entrenamiento sobre una no vista; 0,5 es una moneda.",
    ),
    "privacy.membership_tpr_10": (
        "Share of training rows found while wrong about 10 % of unseen ones.",
        "Proporción de filas de entrenamiento halladas errando con el 10 % de las no vistas.",
    ),
    "privacy.membership_tpr_1": ("The same at 1 %.", "Lo mismo, con el 1 %."),
    "privacy.membership_tpr_01": ("The same at 0.1 %.", "Lo mismo, con el 0,1 %."),
    "privacy.membership_shadow": (
        "The same chance for the most unusual people, by fitting the method again and again with and without them.",
        "La misma probabilidad para las personas menos comunes, ajustando el método una y otra vez con y sin ellas.",
    ),
    "privacy.outliers": (
        "The same chance for unusual people: far from others, or with rare values.",
        "La misma probabilidad para personas poco comunes: alejadas de las demás o con valores raros.",
    ),
    "privacy.near_copies": (
        "Share of synthetic rows nearer to a training row than all but 1 % of unseen rows. Not evidence of privacy.",
        "Proporción de filas sintéticas más cercanas a una de entrenamiento que todas las no vistas salvo el 1 %. No es "
        "prueba de privacidad.",
    ),
    "privacy.families": (
        "Share of synthetic families of rows that equal a real one.",
        "Proporción de familias de filas sintéticas iguales a una real.",
    ),
    "privacy.near_families": ("The same, one column left out.", "Lo mismo, sin una columna."),
    "privacy.epsilon": (
        "Epsilon of the guarantee of differential privacy.", "Épsilon de la garantía de privacidad diferencial.",
    ),
}  # fmt: skip
