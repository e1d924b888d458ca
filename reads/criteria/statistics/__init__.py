"""Reader variability statistics: agreement, adjudication and measurement error.

Every function returns a `Statistic`: its value, the interval where one is defined, the number of
cases, the inputs that entered and a citation. A value that does not exist (an empty table, one
category used by everybody) is `None` with the reason in words, never a quiet zero.

scipy is imported inside the functions that need a quantile, so that importing this package costs
nothing. Formulas: `agreement` (two readers), `many_readers` (Fleiss), `continuous` (ICC,
Bland-Altman), `adjudication` (rates per reader), `intervals`.
"""

from reads.criteria.statistics.adjudication import (
    AdjudicationCase,
    ProgressionPair,
    adjudication_rate,
    control_limits,
    progression_discordance,
    reader_acceptance,
    reader_disagreement_index,
)
from reads.criteria.statistics.agreement import (
    AgreementTable,
    cohen_kappa,
    discordance_rate,
    gwet_ac1,
    pabak,
    percent_agreement,
    strength_of_agreement,
    weighted_kappa,
)
from reads.criteria.statistics.continuous import (
    BlandAltman,
    bland_altman,
    icc_2_1,
    icc_3_1,
    repeatability_coefficient,
    within_subject_cv,
    within_subject_sd,
)
from reads.criteria.statistics.intervals import (
    Interval,
    Statistic,
    bootstrap_interval,
    clopper_pearson,
    wilson,
)
from reads.criteria.statistics.many_readers import fleiss_kappa

__all__ = [
    "AdjudicationCase",
    "AgreementTable",
    "BlandAltman",
    "Interval",
    "ProgressionPair",
    "Statistic",
    "adjudication_rate",
    "bland_altman",
    "bootstrap_interval",
    "clopper_pearson",
    "cohen_kappa",
    "control_limits",
    "discordance_rate",
    "fleiss_kappa",
    "gwet_ac1",
    "icc_2_1",
    "icc_3_1",
    "pabak",
    "percent_agreement",
    "progression_discordance",
    "reader_acceptance",
    "reader_disagreement_index",
    "repeatability_coefficient",
    "strength_of_agreement",
    "weighted_kappa",
    "wilson",
    "within_subject_cv",
    "within_subject_sd",
]
