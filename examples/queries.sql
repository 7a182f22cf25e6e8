-- Questions to a result. Run: sqlite3 -readonly -box DIR/results.sqlite < examples/queries.sql
-- Tables and units: docs/store.md

-- What made this file?
SELECT key, value FROM about;

-- Every arm at the primary visit: change from the start, and people out of 100 who are clearly better.
SELECT a.label, o.n_people, round(o.change, 1) AS change, round(o.change_lo, 1) AS lo, round(o.change_hi, 1) AS hi,
       round(100 * o.responders_share) AS clearly_better_of_100
FROM outcome o
JOIN arm a ON a.arm = o.arm
JOIN instrument i ON i.measure = o.measure
WHERE i.name = (SELECT value FROM about WHERE key = 'primary_measure')
  AND o.visit = (SELECT CAST(value AS INTEGER) FROM about WHERE key = 'primary_visit')
ORDER BY o.arm;

-- Beyond control, at all visits.
SELECT a.label, c.label AS beside, v.at_month, round(t.difference, 1) AS difference, round(t.lo, 1) AS lo, round(t.hi, 1) AS hi, t.method
FROM contrast t
JOIN arm a ON a.arm = t.arm
JOIN arm c ON c.arm = t.versus
JOIN visit v ON v.visit = t.visit
JOIN instrument i ON i.measure = t.measure
WHERE i.name = (SELECT value FROM about WHERE key = 'primary_measure')
ORDER BY t.arm, t.versus, t.visit;

-- How much of each arm's change is the product itself?
SELECT a.label, round(p.mean, 1) AS product, round(s.mean, 1) AS total, round(100 * p.mean / s.mean) AS percent
FROM split p
JOIN split s ON s.arm = p.arm AND s.measure = p.measure AND s.visit = p.visit AND s.part = 'total'
JOIN arm a ON a.arm = p.arm
JOIN instrument i ON i.measure = p.measure
WHERE p.part = 'product'
  AND i.name = (SELECT value FROM about WHERE key = 'primary_measure')
  AND p.visit = (SELECT CAST(value AS INTEGER) FROM about WHERE key = 'primary_visit')
ORDER BY p.arm;

-- What only a virtual trial can ask: in how many people did the product help by 10 units or more, beyond their own sham?
SELECT a.label, count(*) AS people, sum(CASE WHEN i.lower_is_better THEN r.sham - r.value ELSE r.value - r.sham END >= 10) AS helped_by_10
FROM reading r
JOIN arm a ON a.arm = r.arm
JOIN instrument i ON i.measure = r.measure
WHERE i.name = (SELECT value FROM about WHERE key = 'primary_measure')
  AND r.visit = (SELECT CAST(value AS INTEGER) FROM about WHERE key = 'primary_visit')
GROUP BY r.arm
ORDER BY r.arm;

-- Regression to the mean: how much worse did people measure at entry than they truly were?
SELECT a.label, round(avg(r.measured - r.value), 1) AS measured_minus_true
FROM reading r
JOIN arm a ON a.arm = r.arm
JOIN instrument i ON i.measure = r.measure
WHERE r.visit = 0 AND i.name = (SELECT value FROM about WHERE key = 'primary_measure')
GROUP BY r.arm
ORDER BY r.arm;

-- Values without a source, by origin.
SELECT origin, count(*) AS assumed_values FROM parameter WHERE source IS NULL GROUP BY origin;

-- How many people out of 100 had a first clearly better reading by each visit? (Kaplan-Meier, docs/equations/report.md REP-1)
WITH RECURSIVE step(arm, visit, share) AS (
  SELECT arm, 0, 1.0 FROM arm
  UNION ALL
  SELECT s.arm, r.visit, s.share * (1.0 - CAST(r.event_people AS REAL) / r.at_risk_people)
  FROM step s
  JOIN response r ON r.arm = s.arm AND r.visit = s.visit + 1 AND r.at_risk_people > 0
  JOIN instrument i ON i.measure = r.measure AND i.name = (SELECT value FROM about WHERE key = 'primary_measure')
)
SELECT a.label, v.at_month, round(100 * (1 - share)) AS clearly_better_once_of_100
FROM step s
JOIN arm a ON a.arm = s.arm
JOIN visit v ON v.visit = s.visit
ORDER BY s.arm, s.visit;

-- Who benefits? The product itself (twins) by grade of the X-ray.
SELECT a.label, s.lo + 0.5 AS kl_grade, s.n_people, round(s.product, 1) AS product, round(s.product_sd, 1) AS sd_between_people
FROM subgroup s
JOIN arm a ON a.arm = s.arm
WHERE s.factor = 'kl_grade'
ORDER BY s.arm, s.position;

-- How many people had at least one adverse event?
SELECT a.label, count(DISTINCT e.person) AS people_with_an_event, (SELECT count(*) FROM person p WHERE p.arm = a.arm) AS of_people
FROM arm a
LEFT JOIN person_event e ON e.arm = a.arm
GROUP BY a.arm
ORDER BY a.arm;

-- What does the answer hang on? The ten values that move the primary contrast most, and whether anybody measured them.
SELECT i.name, i.origin, CASE WHEN p.source IS NULL THEN 'assumed' ELSE 'sourced' END AS known_from, i.contrast, i.contrast_lo, i.contrast_hi
FROM influence i
JOIN parameter p ON p.origin = i.origin AND p.position = i.position
ORDER BY max(abs(i.contrast_lo - i.contrast), abs(i.contrast_hi - i.contrast)) DESC
LIMIT 10;

-- Does doing more of a plan of care pay? What plan and product change at the last visit (twins), by how much of the plan people do. Empty without plans.
SELECT a.label, d.title, CASE WHEN d.share < 0.75 THEN 'less than three quarters' ELSE 'more' END AS does, count(*) AS people,
       round(avg(r.value - r.sham), 1) AS plan_and_product
FROM adherence d
JOIN arm a ON a.arm = d.arm
JOIN reading r ON r.arm = d.arm AND r.person = d.person
WHERE r.visit = (SELECT max(visit) FROM visit)
  AND r.measure = (SELECT i.measure FROM instrument i JOIN about b ON b.key = 'primary_measure' AND b.value = i.name)
GROUP BY d.arm, d.plan, does
ORDER BY d.arm, d.plan, does;
