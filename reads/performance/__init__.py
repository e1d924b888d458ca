"""How well readers agree, and how that changes: pure measures over plain records.

Definitions, all over signed efficacy reads that two readers made of one time point after baseline:

* agreement and Cohen's kappa: of the reader's responses with those of whoever read the same;
* adjudication rate: time points that went to an adjudicator, of those that both readers read;
* reader disagreement index: time points whose adjudicator took the other reader, per 100 read;
* drift: discordance of a period outside the control limits of all periods (p-chart, 3 sigma);
* time on task: median of the active time of a read.

The numbers come from ``reads.criteria.statistics``; no percentage is computed here twice.
"""
