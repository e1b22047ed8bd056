"""What a report says of related tables and of events in order, in English and Spanish."""

from __future__ import annotations

RELATED: dict[str, tuple[str, str]] = {
    "tables": ("Tables", "Tablas"),
    "table": ("Table", "Tabla"),
    "key": ("Key", "Clave"),
    "refers": ("Refers to", "Remite a"),
    "made_how": ("How it is made", "Cómo se hace"),
    "copied_table": ("copied", "copiada"),
    "made_table": ("synthesised", "sintetizada"),
    "foreign_key": ("Foreign key", "Clave foránea"),
    "families_apart": (
        "The rows of {root} were shared out, each with all that hangs from it, so that no family stands on both sides.",
        "Se repartieron las filas de {root}, cada una con todo lo que cuelga de ella: ninguna familia está en ambos lados.",
    ),
    "families_shared": (
        "Tables that belong to no family, and stand on both sides: {tables}.",
        "Tablas que no son de ninguna familia y están en ambos lados: {tables}.",
    ),
    "sampled": (
        "The data is too large to be read whole: {rows} rows of {of}, drawn uniformly with seed {seed}, stand for it.",
        "Los datos son demasiado grandes para leerlos enteros: {rows} filas de {of}, sorteadas por igual con la semilla {seed}, los representan.",
    ),
    "version_read": ("Of {table} version {version} was read.", "De {table} se leyó la versión {version}."),
    "version_newer": ("There is a newer one, {version}.", "Hay una más nueva, {version}."),
    "along_keys": ("Along the keys", "A lo largo de las claves"),
    "along_keys_told": (
        "Each table, each foreign key and each pair of tables by itself, the worst first.",
        "Cada tabla, cada clave foránea y cada par de tablas por separado, primero lo peor.",
    ),
    "delivered": (
        "Delivered to {to}: {rows}.",
        "Entregado en {to}: {rows}.",
    ),
    "kept_back": (
        "Nothing was delivered: a gate failed.",
        "No se entregó nada: un límite no se cumplió.",
    ),
    "linked": ("Links", "Enlaces"),
    "linked_detail": (
        "of the references lead to a row that is there; {cardinality} likeness of how many rows hang from each",
        "de las referencias llevan a una fila existente; {cardinality} de parecido en cuántas filas cuelgan de cada una",
    ),
    "fig_tables": ("The tables and their keys", "Las tablas y sus claves"),
    "fig_tables_caption": (
        "A line is a foreign key, from the table on the left to those that hang from it. Rows: real to learn from → synthetic.",
        "Una línea es una clave foránea, de la tabla de la izquierda a las que cuelgan de ella. Filas: reales de entrenamiento → sintéticas.",
    ),
    "fig_cardinality": ("How many rows hang from each", "Cuántas filas cuelgan de cada una"),
    "fig_cardinality_caption": (
        "Share of the rows of a table by how many rows of another refer to them, a panel for each foreign key.",
        "Proporción de las filas de una tabla según cuántas filas de otra remiten a ellas, un panel por clave foránea.",
    ),
    "events_each": ("events of each", "eventos de cada uno"),
    "gap_between": ("from one event to the next", "de un evento al siguiente"),
    "fig_histories": ("Histories", "Historias"),
    "fig_histories_caption": (
        "Share of the entities by how many events they have, and of the steps from event to event by how long they are (days where the order is a date).",
        "Proporción de entidades según cuántos eventos tienen, y de los pasos de un evento a otro según lo que duran (días si el orden es una fecha).",
    ),
    "method_relational": (
        "Table by table along the keys: how many rows hang from each is drawn first, then the rows, each beside what it refers to and the rows before it.",
        "Tabla por tabla a lo largo de las claves: primero se sortea cuántas filas cuelgan de cada una y luego las filas, cada una junto a lo que remite y a las filas anteriores.",
    ),
    "method_sequences": (
        "Whose events they are and how many is drawn first, then event after event, each beside those before it.",
        "Primero se sortea de quién son los eventos y cuántos, y luego evento tras evento, cada uno junto a los anteriores.",
    ),
    "method_sequence-bootstrap": (
        "The baseline: lengths and first events from their margins, each next event from those that followed a like one.",
        "La referencia: longitudes y primeros eventos de sus márgenes, y cada evento siguiente de los que siguieron a uno parecido.",
    ),
    "sequences.lengths": (
        "Difference of how many events an entity has; 0 is equal.",
        "Diferencia en cuántos eventos tiene cada entidad; 0 es igual.",
    ),
    "sequences.gaps": (
        "Difference of the gaps from event to event; 0 is equal.",
        "Diferencia en el tiempo entre un evento y el siguiente; 0 es igual.",
    ),
    "sequences.transitions": (
        "Difference of what follows what, mean over the columns; 0 is equal.",
        "Diferencia en qué sigue a qué, media de las columnas; 0 es igual.",
    ),
    "sequences.autocorrelation": (
        "Difference of how values hang on those of earlier events, mean over columns and lags; 0 is equal.",
        "Diferencia en cuánto dependen los valores de los de eventos anteriores, media de columnas y retardos; 0 es igual.",
    ),
    "sequences.totals": (
        "Difference of what the events of an entity come to (sums, means, extremes); 0 is equal.",
        "Diferencia en lo que suman los eventos de una entidad (sumas, medias, extremos); 0 es igual.",
    ),
    "sequences.discriminative": (
        "Chance that a classifier ranks a whole synthetic history as less real than an unseen one: 0.5 is a coin flip.",
        "Probabilidad de que un clasificador vea una historia sintética entera como menos real que una no vista: 0,5 es azar.",
    ),
    "sequences.forecasting": (
        "How well a model trained on synthetic histories forecasts the next event of unseen real ones; 1 is best.",
        "Lo bien que un modelo entrenado con historias sintéticas predice el evento siguiente de las reales no vistas; 1 es lo mejor.",
    ),
    "sequences.gru": (
        "Chance that a recurrent network scores a synthetic sequence above an unseen real one: 0.5 is a coin flip.",
        "Probabilidad de que una red recurrente ponga una secuencia sintética por encima de una real no vista: 0,5 es azar.",
    ),
    "relations.integrity": (
        "Least share, over all keys, of references that lead to a row and of primary keys met once; 1 is sound.",
        "Menor proporción, entre todas las claves, de referencias que llevan a una fila y de claves primarias únicas; 1 es íntegro.",
    ),
    "relations.cardinality": (
        "Difference of how many rows hang from each, mean over the keys; 0 is equal.",
        "Diferencia en cuántas filas cuelgan de cada una, media de las claves; 0 es igual.",
    ),
    "relations.cardinality_counts": (
        "The same as the share of rows with another count; 0 is equal.",
        "Lo mismo como proporción de filas con otra cantidad; 0 es igual.",
    ),
    "relations.shapes": (
        "Mean difference of the columns' distributions in all tables; 0 is equal.",
        "Diferencia media entre las distribuciones de las columnas de todas las tablas; 0 es igual.",
    ),
    "relations.trends": (
        "Mean difference of the relations between two columns of a table; 0 is equal.",
        "Diferencia media entre las relaciones de dos columnas de una tabla; 0 es igual.",
    ),
    "relations.hop1": (
        "Mean difference of the relations between columns of tables one foreign key apart; 0 is equal.",
        "Diferencia media entre las relaciones de columnas de tablas a una clave foránea de distancia; 0 es igual.",
    ),
    "relations.hop2": (
        "The same, two foreign keys apart.",
        "Lo mismo, a dos claves foráneas de distancia.",
    ),
    "relations.hop3": (
        "The same, three foreign keys apart.",
        "Lo mismo, a tres claves foráneas de distancia.",
    ),
    "relations.c2st": (
        "Chance that a classifier scores a synthetic row above an unseen real one of its table, mean over the tables; 0.5 means it cannot tell.",
        "Probabilidad de que un clasificador ponga una fila sintética por encima de una real no vista de su tabla, media de las tablas; 0,5 es azar.",
    ),
    "relations.aggregate_c2st": (
        "The same for a row with all that hangs from it, told in counts, sums and means.",
        "Lo mismo para una fila con todo lo que cuelga de ella, contado en cantidades, sumas y medias.",
    ),
    "relations.text": (
        "Chance that a classifier of words and letters scores a synthetic text above an unseen real one of its table, mean over the tables; 0.5 means it cannot tell.",
        "Probabilidad de que un clasificador de palabras y letras ponga un texto sintético por encima de uno real no visto de su tabla, media de las tablas; 0,5 es azar.",
    ),
    "relations.verbatim_text": (
        "Share of synthetic texts that repeat eight words or more of a training text and of no unseen one, mean over the tables; 0 is best.",
        "Proporción de textos sintéticos que repiten ocho palabras o más de un texto de entrenamiento y de ninguno no visto, media de las tablas; 0 es lo mejor.",
    ),
}
