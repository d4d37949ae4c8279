"""Measures `capstan audit` beside ast-grep on source, and on a synthetic database beside the rules of other linters.

Started by `Scripts/bench audit`, which starts PostgreSQL and installs what is asked here. Ends with a line
`audit ratio=<number> ...`. The database has faults and traps in known numbers, so that what is found and what is wrongly
said can be counted. Of splinter and PgHero the published conditions of their rules are asked, in our own words.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ASKED = argparse.ArgumentParser(prog="Scripts/bench audit")
ASKED.add_argument("--lines", type=int, default=200_000)
ASKED.add_argument("--tables", type=int, default=500)
ASKED.add_argument("--rows", type=int, default=20_000_000)
ASKED.add_argument("--statements", type=int, default=5_000)
ASKED.add_argument("--rounds", type=int, default=3)
ASKED.add_argument("--binary", required=True)
asked = ASKED.parse_args()

# Of each hundred tables: these have the fault, these look as if they had.
FAULTS = {"bare": 10, "partial": 5, "wrong order": 5, "duplicate": 5, "sequence": 2, "policy": 3}
TRAPS = {"covered": 10, "other order": 5, "small": 5, "wrapped policy": 3, "unused": 5}


def measured(command, output=subprocess.DEVNULL):
    """Seconds and the most resident memory in MB of a command."""
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=output, stderr=subprocess.PIPE, cwd=ROOT)
    error = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        sys.exit(f"{command[0]} ended with {child.returncode}: {error.decode()[-800:]}")
    return time.perf_counter() - start, usage.ru_maxrss / 1024


# MARK: Source


def write_tree(folder, lines):
    """Our fixtures with plain modules around them, until there are so many lines; gives how many there are."""
    fixtures = ROOT / "Tests/AuditorTests/Fixtures"
    written = copy = 0
    while written < lines:
        for source in sorted(fixtures.rglob("*")):
            if source.suffix not in (".ts", ".tsx", ".js"):
                continue
            place = folder / f"app{copy}" / source.relative_to(fixtures)
            place.parent.mkdir(parents=True, exist_ok=True)
            text = source.read_text() + plain(copy, written)
            place.write_text(text)
            written += text.count("\n")
        copy += 1
    return written


def plain(copy, seed):
    parts = []
    for index in range(12):
        number = seed + index
        parts.append(
            f"""
export interface Shape{number} {{
  id: string;
  title: string;
  size: number;
  tags: string[];
}}

/** Puts a shape into the words of the page. */
export function describe{number}(shape: Shape{number}, locale = 'en'): string {{
  const size = new Intl.NumberFormat(locale).format(shape.size);
  const tags = shape.tags.map((tag) => tag.trim().toLowerCase()).filter(Boolean);
  if (tags.length === 0) return `${{shape.title}} (${{size}})`;
  const [first, ...rest] = tags;
  return rest.reduce((text, tag) => `${{text}}, ${{tag}}`, `${{shape.title}} (${{size}}): ${{first}}`);
}}
"""
        )
    return "".join(parts)


def source():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rules = folder / "rules"
        subprocess.run([asked.binary, "audit", str(rules), "--write-rules"], check=True, cwd=ROOT)
        small, large = folder / "small", folder / "large"
        few = write_tree(small, asked.lines // 4)
        many = write_tree(large, asked.lines)
        ours, theirs, memory = [], [], 0.0
        grep = [os.environ["CAPSTAN_AST_GREP"], "scan", "--config", str(rules / "sgconfig.yml"), "--json=stream"]
        audit = [asked.binary, "audit", str(large), "--format", "json", "--output", str(folder / "out.json")]
        for _ in range(asked.rounds):
            theirs.append(measured(grep + [str(large)])[0])
            seconds, resident = measured(audit)
            ours.append(seconds)
            memory = max(memory, resident)
        _, little = measured(audit[:2] + [str(small)] + audit[3:])
        ours, theirs = statistics.median(ours), statistics.median(theirs)
        print(f"\n{many:,} lines of TypeScript          seconds   lines/s   ratio")
        print(f"ast-grep scan, the same rules   {theirs:8.2f} {many / theirs:9,.0f}       1")
        print(f"capstan audit                   {ours:8.2f} {many / ours:9,.0f}   {theirs / ours:5.2f}")
        print(f"memory of capstan: {memory:.0f} MB at {many:,} lines, {little:.0f} MB at {few:,}\n")
        return theirs / ours, many / ours, memory, little


# MARK: Database


def psql(text, url):
    command = ["psql", "-qXAt", "-v", "ON_ERROR_STOP=1", "-F", "\t", url]
    done = subprocess.run(command, input=text, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(f"psql: {done.stderr[-800:]}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def kinds():
    """What each table of a hundred is, by its number."""
    names = []
    for kind, count in list(FAULTS.items()) + list(TRAPS.items()):
        names += [kind] * count
    return names + ["plain"] * (100 - len(names))


def schema():
    """Statements that make the tables, and for each table its kind."""
    per_table = max(1, asked.rows // asked.tables)
    cycle, made, kind_of = kinds(), [], {}
    made.append("CREATE SCHEMA auth; CREATE FUNCTION auth.uid() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT 1::bigint';")
    made.append("CREATE TABLE owners (id bigint PRIMARY KEY); INSERT INTO owners SELECT generate_series(1, 1000);")
    for number in range(asked.tables):
        kind, name = cycle[number % 100], f"t{number}"
        kind_of[name] = kind
        rows = 50 if kind == "small" else per_table
        identity = "serial" if kind == "sequence" else "bigint GENERATED ALWAYS AS IDENTITY"
        made.append(
            f"CREATE TABLE {name} (id {identity} PRIMARY KEY, owner_id bigint REFERENCES owners(id), state int,"
            f" made_at timestamptz, body text);"
            f"INSERT INTO {name} (owner_id, state, made_at, body) SELECT 1 + n % 1000, n % 7, now(), md5(n::text)"
            f" FROM generate_series(1, {rows}) n;"
        )
        made.append(
            {
                "bare": "",
                "partial": f"CREATE INDEX {name}_open ON {name} (owner_id) WHERE state = 1;",
                "wrong order": f"CREATE INDEX {name}_state ON {name} (state, owner_id);",
                "duplicate": f"CREATE INDEX {name}_a ON {name} (owner_id); CREATE INDEX {name}_b ON {name} (owner_id, made_at);",
                "sequence": f"CREATE INDEX {name}_a ON {name} (owner_id); SELECT setval('{name}_id_seq', 2000000000);",
                "policy": f"CREATE INDEX {name}_a ON {name} (owner_id); CREATE POLICY own ON {name} USING (auth.uid() = owner_id);",
                "other order": f"CREATE INDEX {name}_a ON {name} (owner_id, state);",
                "small": "",
                "wrapped policy": f"CREATE INDEX {name}_a ON {name} (owner_id);"
                f"CREATE POLICY own ON {name} USING ((SELECT auth.uid()) = owner_id);",
                "unused": f"CREATE INDEX {name}_a ON {name} (owner_id); CREATE INDEX {name}_m ON {name} (made_at);",
            }.get(kind, f"CREATE INDEX {name}_a ON {name} (owner_id);")
        )
    made.append("VACUUM ANALYZE;")
    return made, kind_of


def statements():
    """Statements that differ in more than their values: each asks a table for other columns."""
    columns, made = ["id", "owner_id", "state", "made_at", "body"], []
    for number in range(asked.statements):
        shape = 1 + number // asked.tables
        wanted = [name for index, name in enumerate(columns) if shape >> index & 1] or columns
        made.append(
            f"SELECT {', '.join(wanted)} FROM t{number % asked.tables} WHERE owner_id = {1 + number % 1000} LIMIT 1;")
    return "\n".join(made)


PEERS = {
    "splinter: unindexed foreign keys": """
        SELECT t.relname FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
        WHERE c.contype = 'f' AND NOT EXISTS (SELECT 1 FROM pg_index i WHERE i.indrelid = c.conrelid
            AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] = c.conkey)""",
    "splinter: unused index": "SELECT relname FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)"
    " WHERE s.idx_scan = 0 AND NOT i.indisunique AND NOT i.indisprimary",
    "splinter: auth_rls_initplan": "SELECT tablename FROM pg_policies WHERE qual ~ 'auth\\.uid\\(\\)'"
    " AND lower(qual) !~ 'select auth\\.uid\\(\\)'",
    "splinter: duplicate index": """
        SELECT t.relname FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace
        WHERE n.nspname = 'public' GROUP BY t.relname, i.indkey::text HAVING count(*) > 1""",
    "PgHero: missing indexes": """
        SELECT relname FROM pg_stat_user_tables WHERE n_live_tup >= 10000
            AND 100.0 * coalesce(idx_scan, 0) / nullif(seq_scan + coalesce(idx_scan, 0), 0) < 95""",
    "PgHero: unused indexes": "SELECT relname FROM pg_stat_user_indexes s JOIN pg_index i USING (indexrelid)"
    " WHERE s.idx_scan <= 50 AND NOT i.indisunique",
    "PgHero: sequence danger": "SELECT replace(sequencename, '_id_seq', '') FROM pg_sequences"
    " WHERE last_value > 0.9 * least(max_value, 2147483647)",
}
WANTED = {
    "missing key index": {"bare", "partial", "wrong order"},
    "duplicate index": {"duplicate"},
    "sequence near its end": {"sequence"},
    "policy for each row": {"policy"},
}
OURS = {
    "missing-index": "missing key index", "duplicate-index": "duplicate index", "sequence-end": "sequence near its end",
    "rls-per-row": "policy for each row",
}
THEIRS = {
    "splinter: unindexed foreign keys": "missing key index", "splinter: unused index": "unused",
    "splinter: auth_rls_initplan": "policy for each row", "splinter: duplicate index": "duplicate index",
    "PgHero: missing indexes": "missing key index", "PgHero: unused indexes": "unused",
    "PgHero: sequence danger": "sequence near its end",
}


def judged(tables, topic, kind_of):
    """How many true ones are found of how many, and how many are wrongly said."""
    wanted = {name for name, kind in kind_of.items() if kind in WANTED.get(topic, set())}
    found = {name for name in tables if name in kind_of}
    return len(found & wanted), len(wanted), len(found - wanted)


def database():
    owner = os.environ["CAPSTAN_TEST_POSTGRES"]
    admin = os.environ["CAPSTAN_TEST_POSTGRES_ADMIN"]
    name = "bench_audit"
    url, super_url = owner.rsplit("/", 1)[0] + "/" + name, admin.rsplit("/", 1)[0] + "/" + name
    psql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);", admin)
    psql(f"CREATE DATABASE {name} OWNER capstan;", admin)
    available = {row[0] for row in psql("SELECT name FROM pg_available_extensions;", admin)}
    for extension in ("pg_stat_statements", "hypopg"):
        if extension in available:
            psql(f"CREATE EXTENSION IF NOT EXISTS {extension};", super_url)
    made, kind_of = schema()
    print(f"filling {asked.tables} tables with {asked.rows:,} rows", file=sys.stderr)
    for text in made:
        psql(text, super_url)
    psql("GRANT pg_read_all_data, pg_read_all_stats TO capstan;", super_url)
    psql("SELECT pg_stat_statements_reset();", super_url)
    psql(statements(), super_url)
    before = state(super_url)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        seconds, memory = measured([asked.binary, "audit", super_url, "--format", "json", "--output", str(out)])
        report = json.loads(out.read_text())
    after = state(super_url)
    examined = {entry["name"]: entry for entry in report["examined"]}
    print(f"\n{asked.tables} tables, {asked.rows:,} rows, {examined['statements']['value']:.0f} statements:")
    print(f"  {seconds:.1f} s, {memory:.0f} MB, {examined['plans']['value']:.0f} plans")
    locks = examined["locks above ACCESS SHARE"]["value"]
    print(f"  next transaction id {before[0]} before, {after[0]} after; rows changed {before[1]} and {after[1]}")
    print(f"  kinds of locks above ACCESS SHARE: {locks:.0f}\n")
    compare(report, kind_of, super_url)
    psql(f"DROP DATABASE {name} WITH (FORCE);", admin)
    return seconds, locks, before == after


def state(url):
    """What would change if anything were written."""
    return psql(
        "SELECT pg_snapshot_xmax(pg_current_snapshot()), (SELECT sum(n_tup_ins + n_tup_upd + n_tup_del)"
        " FROM pg_stat_user_tables);", url)[0]


def compare(report, kind_of, url):
    print(f"{'rule':42}{'true found':>12}{'of':>6}{'false':>7}")
    for rule, topic in OURS.items():
        # What is ranked low says of itself that nothing has to be done about it.
        tables = {
            (entry["location"].get("table") or "").split(".")[-1]
            for entry in report["findings"]
            if entry["rule"] == rule and (rule == "duplicate-index" or entry["severity"] != "low")
        }
        print("{:42}{:>12}{:>6}{:>7}".format(f"capstan: {rule}", *judged(tables, topic, kind_of)))
    for title, statement in PEERS.items():
        tables = {row[0] for row in psql(statement + ";", url)}
        print("{:42}{:>12}{:>6}{:>7}".format(title, *judged(tables, THEIRS[title], kind_of)))
    migrations()


MIGRATIONS = [
    (True, "ALTER TABLE t ADD COLUMN a int NOT NULL DEFAULT random();"),
    (True, "CREATE INDEX i ON t (a);"),
    (True, "ALTER TABLE t ALTER COLUMN a TYPE bigint;"),
    (True, "ALTER TABLE t ALTER COLUMN a SET NOT NULL;"),
    (True, "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);"),
    (True, "ALTER TABLE t ADD CONSTRAINT u UNIQUE (a);"),
    (True, "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES o(id);"),
    (False, "CREATE INDEX CONCURRENTLY i ON t (a);"),
    (False, "ALTER TABLE t ADD COLUMN a int;"),
    (False, "ALTER TABLE t ADD COLUMN a text DEFAULT 'x';"),
    (False, "ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"),
    (False, "CREATE TABLE n (id bigint PRIMARY KEY, name text); CREATE INDEX n_name ON n (name);"),
    (False, "ALTER TABLE t VALIDATE CONSTRAINT c;"),
]


def migrations():
    """Migrations that hold up others, and such that do not: what is said of each."""
    counts = {"capstan: migration-locks": [0, 0], "squawk": [0, 0]}
    for holds, text in MIGRATIONS:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            (folder / "1.sql").write_text("CREATE TABLE o (id bigint PRIMARY KEY); CREATE TABLE t (id bigint PRIMARY KEY, a int);")
            second = folder / "2.sql"
            second.write_text(text)
            out = folder / "out.json"
            command = [asked.binary, "audit", name, "--only", "migration-locks", "--format", "json", "--output", str(out)]
            measured(command)
            ours = any(entry["location"].get("file") == "2.sql" for entry in json.loads(out.read_text())["findings"])
            done = subprocess.run(
                [os.environ["CAPSTAN_BENCH_SQUAWK"], str(second)], capture_output=True, text=True)
            for key, said in (("capstan: migration-locks", ours), ("squawk", done.returncode != 0)):
                counts[key][0 if holds else 1] += said
    wanted = sum(holds for holds, _ in MIGRATIONS)
    for key, (true, false) in counts.items():
        print(f"{key:42}{true:>12}{wanted:>6}{false:>7}")
    print()


def main():
    if shutil.which("psql") is None:
        sys.exit("psql is not installed; Scripts/bench installs it")
    ratio, speed, memory, little = source()
    seconds, locks, is_quiet = database()
    print(
        f"audit ratio={ratio:.2f} lines_per_second={speed:.0f} mb={memory:.0f} mb_at_a_quarter={little:.0f} "
        f"database_seconds={seconds:.1f} strong_locks={locks:.0f} written={'no' if is_quiet else 'yes'}")


main()
