import Base
import Foundation
import Storage
import StoragePostgres

/// Reads the catalogue: each question one statement, and one that fails leaves a gap, not a failure.
struct CatalogueReader {
    private enum Bounds {
        static let tables = 5_000
        static let indexes = 20_000
        static let sequences = 5_000
        static let sequencesAtOnce = 100
        static let statements = 5_000
    }

    let inspection: PostgresInspection
    /// Whether functions are checked too, which takes the locks that their statements would.
    var checksFunctions = false

    func read() async throws -> Catalogue {
        var catalogue = Catalogue()
        catalogue.version = inspection.serverVersion
        try await readWorld(&catalogue)
        await readTables(&catalogue)
        await readIndexes(&catalogue)
        await readKeys(&catalogue)
        await readStatistics(&catalogue)
        await readStatements(&catalogue)
        await readFunctions(&catalogue)
        return catalogue
    }

    /// An answer, or a gap that the report speaks of.
    private func ask(_ what: String, _ statement: String, _ catalogue: inout Catalogue) async
        -> PostgresInspection.Answer
    {
        do {
            return try await inspection.look([statement])[0]
        } catch {
            catalogue.gaps.append((what, error.description))
            return []
        }
    }

    private func readWorld(_ catalogue: inout Catalogue) async throws {
        // The first question decides whether there is a database to speak of at all.
        let world = try await inspection.look([
            """
            SELECT extract(epoch FROM now() - coalesce(
                       (SELECT stats_reset FROM pg_stat_database WHERE datname = current_database()),
                       pg_postmaster_start_time()))::float8,
                   (SELECT age(datfrozenxid)::float8 FROM pg_database WHERE datname = current_database()),
                   pg_database_size(current_database())::float8
            """
        ])[0]
        if let row = world.first {
            catalogue.counterSeconds = number(row[0])
            catalogue.xidAge = number(row[1])
            catalogue.databaseBytes = number(row[2])
        }
        for row in await ask("settings", "SELECT name, setting FROM pg_settings LIMIT 1000", &catalogue) {
            catalogue.settings[row[0] ?? ""] = row[1] ?? ""
        }
        for row in await ask("extensions", "SELECT extname FROM pg_extension LIMIT 500", &catalogue) {
            catalogue.extensions.insert(row[0] ?? "")
        }
        let connections = await ask(
            "connections",
            """
            SELECT coalesce(nullif(application_name, ''), 'unnamed'), coalesce(state, 'unknown'), count(*)::float8,
                   coalesce(max(extract(epoch FROM now() - state_change)), 0)::float8
            FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
            GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 200
            """, &catalogue)
        catalogue.connections = connections.map { ($0[0] ?? "", $0[1] ?? "", number($0[2]), number($0[3])) }
    }

    private func readTables(_ catalogue: inout Catalogue) async {
        let rows = await ask(
            "tables",
            """
            SELECT n.nspname, c.relname, greatest(c.reltuples, 0)::float8, pg_table_size(c.oid)::float8,
                   pg_relation_size(c.oid)::float8, pg_indexes_size(c.oid)::float8,
                   coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0)::float8,
                   coalesce(s.n_dead_tup, 0)::float8, coalesce(s.n_live_tup, 0)::float8, coalesce(s.seq_scan, 0)::float8,
                   coalesce(s.seq_tup_read, 0)::float8, coalesce(s.idx_scan, 0)::float8, coalesce(s.n_tup_ins, 0)::float8,
                   coalesce(s.n_tup_upd, 0)::float8, coalesce(s.n_tup_del, 0)::float8,
                   coalesce(s.n_tup_hot_upd, 0)::float8, age(c.relfrozenxid)::float8, s.last_autovacuum::text
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
            WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
              AND n.nspname NOT LIKE 'pg_toast%' AND n.nspname NOT LIKE 'pg_temp%'
            ORDER BY pg_table_size(c.oid) DESC LIMIT \(Bounds.tables)
            """, &catalogue)
        catalogue.tables = rows.map { row in
            Catalogue.Table(
                schema: row[0] ?? "", name: row[1] ?? "", rows: number(row[2]), bytes: number(row[3]),
                heapBytes: number(row[4]), indexBytes: number(row[5]), toastBytes: number(row[6]),
                deadRows: number(row[7]), liveRows: number(row[8]), sequentialScans: number(row[9]),
                sequentialRows: number(row[10]), indexScans: number(row[11]), inserts: number(row[12]),
                updates: number(row[13]), deletes: number(row[14]), hotUpdates: number(row[15]),
                xidAge: number(row[16]), lastAutovacuum: row[17])
        }
    }

    private func readIndexes(_ catalogue: inout Catalogue) async {
        let rows = await ask(
            "indexes",
            """
            SELECT n.nspname, t.relname, i.relname,
                   array_to_string(ARRAY(
                       SELECT coalesce(a.attname, '(expression)') FROM unnest(x.indkey::int2[]) WITH ORDINALITY k(attnum, position)
                       LEFT JOIN pg_attribute a ON a.attrelid = x.indrelid AND a.attnum = k.attnum AND k.attnum > 0
                       WHERE k.position <= x.indnkeyatts ORDER BY k.position), chr(1)),
                   (x.indnatts - x.indnkeyatts)::text, x.indisunique::text, x.indisprimary::text, x.indisvalid::text,
                   pg_get_expr(x.indpred, x.indrelid), (x.indexprs IS NOT NULL)::text, m.amname,
                   pg_relation_size(i.oid)::float8, coalesce(s.idx_scan, 0)::float8, pg_get_indexdef(i.oid)
            FROM pg_index x
            JOIN pg_class i ON i.oid = x.indexrelid
            JOIN pg_class t ON t.oid = x.indrelid
            JOIN pg_namespace n ON n.oid = t.relnamespace
            JOIN pg_am m ON m.oid = i.relam
            LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = i.oid
            WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg_toast%'
            ORDER BY 1, 2, 3 LIMIT \(Bounds.indexes)
            """, &catalogue)
        catalogue.indexes = rows.map { row in
            Catalogue.Index(
                schema: row[0] ?? "", table: row[1] ?? "", name: row[2] ?? "",
                columns: (row[3] ?? "").split(separator: "\u{1}").map(String.init),
                includedCount: Int(row[4] ?? "") ?? 0,
                isUnique: row[5] == "true", isPrimary: row[6] == "true", isValid: row[7] == "true", predicate: row[8],
                hasExpressions: row[9] == "true", method: row[10] ?? "", bytes: number(row[11]), scans: number(row[12]),
                definition: row[13] ?? "")
        }
    }

    private func readKeys(_ catalogue: inout Catalogue) async {
        let keys = await ask(
            "foreign keys",
            """
            SELECT n.nspname, t.relname, c.conname,
                   array_to_string(ARRAY(SELECT a.attname FROM unnest(c.conkey) WITH ORDINALITY k(attnum, position)
                       JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.attnum ORDER BY k.position), chr(1)),
                   f.relname
            FROM pg_constraint c
            JOIN pg_class t ON t.oid = c.conrelid
            JOIN pg_namespace n ON n.oid = t.relnamespace
            JOIN pg_class f ON f.oid = c.confrelid
            WHERE c.contype = 'f' AND c.conparentid = 0 ORDER BY 1, 2, 3 LIMIT \(Bounds.indexes)
            """, &catalogue)
        catalogue.foreignKeys = keys.map { row in
            Catalogue.ForeignKey(
                schema: row[0] ?? "", table: row[1] ?? "", name: row[2] ?? "",
                columns: (row[3] ?? "").split(separator: "\u{1}").map(String.init), target: row[4] ?? "")
        }
        await readSequences(&catalogue)
        let policies = await ask(
            "policies",
            """
            SELECT schemaname, tablename, policyname, qual, with_check FROM pg_policies LIMIT 5000
            """, &catalogue)
        catalogue.policies = policies.map {
            Catalogue.Policy(schema: $0[0] ?? "", table: $0[1] ?? "", name: $0[2] ?? "", using: $0[3], check: $0[4])
        }
    }

    /// Each sequence is read as the table that it is: the view of all of them takes a writer's lock on every one.
    private func readSequences(_ catalogue: inout Catalogue) async {
        let known = await ask(
            "sequences",
            """
            SELECT n.nspname, c.relname,
                   least(s.seqmax::float8, CASE a.atttypid WHEN 'int4'::regtype THEN 2147483647
                       WHEN 'int2'::regtype THEN 32767 ELSE s.seqmax::float8 END)::float8,
                   a.attrelid::regclass::text || '.' || a.attname
            FROM pg_sequence s
            JOIN pg_class c ON c.oid = s.seqrelid
            JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_depend d ON d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
            LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND d.refobjsubid > 0
            WHERE s.seqincrement > 0 AND NOT s.seqcycle
              AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(s.seqrelid, 'SELECT') END
            ORDER BY 1, 2 LIMIT \(Bounds.sequences)
            """, &catalogue)
        for start in stride(from: 0, to: known.count, by: Bounds.sequencesAtOnce) {
            let some = known[start..<min(known.count, start + Bounds.sequencesAtOnce)]
            let parts = some.enumerated().map { index, row in
                "SELECT \(start + index), CASE WHEN is_called THEN last_value ELSE 0 END::float8 FROM "
                    + "\(SchemaPass.quoted(row[0] ?? "")).\(SchemaPass.quoted(row[1] ?? ""))"
            }
            for last in await ask("sequences", parts.joined(separator: " UNION ALL "), &catalogue) {
                guard let index = Int(last[0] ?? ""), known.indices.contains(index) else { continue }
                let row = known[index]
                catalogue.sequences.append(
                    Catalogue.Sequence(
                        name: "\(row[0] ?? "").\(row[1] ?? "")", last: number(last[1]), limit: number(row[2]),
                        owner: row[3]))
            }
        }
    }

    private func readStatistics(_ catalogue: inout Catalogue) async {
        let rows = await ask(
            "column statistics",
            """
            SELECT CASE schemaname WHEN 'public' THEN tablename ELSE schemaname || '.' || tablename END, attname,
                   n_distinct::float8, most_common_freqs[1]::float8, avg_width::float8, null_frac::float8
            FROM pg_stats WHERE schemaname NOT IN ('pg_catalog', 'information_schema') LIMIT 20000
            """, &catalogue)
        catalogue.statistics = rows.map { row in
            Catalogue.Statistic(
                table: row[0] ?? "", column: row[1] ?? "", distinct: number(row[2]),
                largestFraction: row[3].flatMap(Double.init), width: number(row[4]), nullFraction: number(row[5]))
        }
    }

    private func readStatements(_ catalogue: inout Catalogue) async {
        guard catalogue.extensions.contains("pg_stat_statements") else {
            catalogue.gaps.append(("statements", "the extension pg_stat_statements is not installed in this database"))
            return
        }
        let rows = await ask(
            "statements",
            """
            SELECT query, calls::float8, total_exec_time, mean_exec_time, max_exec_time, rows::float8,
                   shared_blks_read::float8, shared_blks_hit::float8, temp_blks_written::float8, wal_bytes::float8
            FROM pg_stat_statements
            WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
            ORDER BY total_exec_time DESC LIMIT \(Bounds.statements)
            """, &catalogue)
        catalogue.statements = rows.map { row in
            Catalogue.Statement(
                text: row[0] ?? "", calls: number(row[1]), totalMilliseconds: number(row[2]),
                meanMilliseconds: number(row[3]),
                maxMilliseconds: number(row[4]), rows: number(row[5]), blocksRead: number(row[6]),
                blocksHit: number(row[7]),
                temporaryBlocks: number(row[8]), walBytes: number(row[9]))
        }
    }

    private func readFunctions(_ catalogue: inout Catalogue) async {
        guard catalogue.extensions.contains("plpgsql_check") else {
            catalogue.gaps.append(("functions", "the extension plpgsql_check is not installed in this database"))
            return
        }
        guard checksFunctions else {
            catalogue.gaps.append(("functions", "checking them takes the locks that their statements would"))
            return
        }
        let rows = await ask(
            "functions",
            """
            WITH functions AS MATERIALIZED (
                SELECT p.oid, coalesce(t.tgrelid, 0)::oid AS relation
                FROM pg_proc p
                JOIN pg_language l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
                JOIN pg_namespace n ON n.oid = p.pronamespace AND n.nspname NOT IN ('pg_catalog', 'information_schema')
                LEFT JOIN (SELECT DISTINCT tgfoid, tgrelid FROM pg_trigger WHERE NOT tgisinternal) t ON t.tgfoid = p.oid
                WHERE (p.prorettype <> 'trigger'::regtype OR t.tgrelid IS NOT NULL)
                  AND p.prorettype <> 'event_trigger'::regtype
                LIMIT 2000
            )
            SELECT f.oid::regprocedure::text, c.lineno::text, coalesce(c.statement, ''), c.sqlstate, c.message, c.hint
            FROM functions f CROSS JOIN LATERAL plpgsql_check_function_tb(f.oid, f.relation, fatal_errors => false) c
            WHERE c.level = 'error' LIMIT 500
            """, &catalogue)
        catalogue.faults = rows.map { row in
            Catalogue.Fault(
                function: row[0] ?? "", line: Int(row[1] ?? "") ?? 0, statement: row[2] ?? "", state: row[3] ?? "",
                message: row[4] ?? "", hint: row[5])
        }
    }

    private func number(_ text: String?) -> Double { text.flatMap(Double.init) ?? 0 }
}
