import Base
import Foundation
import Testing

@testable import Auditor

@Suite struct SourceJudgeTests {
    private let judge = SourceJudge(schema: SchemaShape(), sites: [], knowsVectors: false)

    private func match(_ text: String, _ file: String = "app/api/a/route.ts") -> Match {
        let position = Match.Position(line: 0, column: 0)
        return Match(
            text: text, range: Match.Span(start: position, end: position), file: file, lines: text,
            ruleId: "unbounded-result~0", metaVariables: nil)
    }

    private func severity(_ rule: String, _ text: String) throws -> Severity {
        judge.severity(try #require(try RuleBook.shipped().rules[rule]), [match(text)])
    }

    @Test func `what everybody owns is more urgent than what one parent owns`() throws {
        #expect(try severity("unbounded-result", "supabase.from('clips').select('id').eq('status', 'active')") == .high)
        #expect(try severity("unbounded-result", "prisma.clip.findMany()") == .high)
        #expect(try severity("unbounded-result", "prisma.clip.findMany({ where: { userId } })") == .medium)
        #expect(try severity("unbounded-result", "prisma.clip.findMany({ where })") == .medium)
        #expect(try severity("unbounded-result", "prisma.clip.findMany({ where: { team: { id } } })") == .medium)
    }

    @Test func `a table that stays small is ranked by its kind, not by a guess in rows`() throws {
        #expect(try severity("unbounded-result", "prisma.plan.findMany()") == .low)
        #expect(try severity("unbounded-result", "prisma.siteSettings.findMany()") == .low)
        #expect(try severity("unbounded-result", "prisma.userSettings.findMany()") == .high)
        #expect(try severity("n-plus-one", "prisma.role.findUnique({ where: { id } })") == .low)
    }

    @Test func `writes of what one request brought are less urgent, except when they hold locks`() throws {
        #expect(try severity("n-plus-one", "prisma.item.create({ data: item })") == .medium)
        #expect(try severity("n-plus-one", "tx.insert(items).values(item)") == .high)
        #expect(try severity("n-plus-one", "prisma.item.count({ where: { listId } })") == .high)
    }

    @Test func `what is run by hand is not what breaks`() throws {
        let rule = try #require(try RuleBook.shipped().rules["n-plus-one"])
        let files = ["scripts/move.ts", "prisma/seed.ts", "lib/scripts.ts"]
        #expect(judge.keep(files.map { match("prisma.a.count()", $0) }, of: rule).map(\.file) == ["lib/scripts.ts"])
    }

    @Test func `a part of another statement and a page of a read are no faults`() throws {
        let rules = try RuleBook.shipped().rules
        let unbounded = try #require(rules["unbounded-result"])
        let parts = ["sql`EXISTS (SELECT 1 FROM a)`", "db.select({ id: a.id }).from(a)"]
        let kept = judge.keep(parts.map { match($0) }, of: unbounded)
        #expect(kept.map(\.text) == [parts[1]])
        var subquery = match(parts[1])
        subquery.lines = "const ids = db.select({ id: a.id }).from(a)"
        #expect(judge.keep([subquery], of: unbounded).isEmpty)
        let loop = try #require(rules["n-plus-one"])
        let page = match("prisma.a.findMany({ where: { ...after(cursor) }, take: 100 })")
        #expect(judge.keep([page], of: loop).isEmpty)
    }

    @Test func `a cache that is everybody's own is less urgent than a limit that is`() throws {
        #expect(try severity("per-instance-state", "const slotCache = new Map()") == .medium)
        #expect(try severity("per-instance-state", "const sessionCache = new Map()") == .high)
        #expect(try severity("per-instance-state", "const limits = new Map()") == .high)
    }

    @Test func `names that a pattern binds are told from names that it reads`() {
        #expect(SourceJudge.boundNames("{ data: brand, error }") == ["brand", "error"])
        #expect(SourceJudge.boundNames("[job, other]") == ["job", "other"])
        #expect(SourceJudge.boundNames("week") == ["week"])
    }

    @Test(
        arguments: [
            ("app/api/lists/[id]/route.ts", "/api/lists/[id]"), ("src/app/(main)/week/page.tsx", "/week"),
            ("pages/api/views.ts", "/api/views"), ("pages/api/a/index.ts", "/api/a"), ("lib/db.ts", nil),
            ("app/components/card.tsx", nil),
        ] as [(String, String?)]) func `a file's route follows from its folder`(_ file: String, _ route: String?)
    {
        #expect(Route.of(file) == route)
    }
}

@Suite struct LookupTests {
    /// The columns of the indexes that are found missing for a call, with the schema beside it.
    private func missing(_ call: String) async throws -> [String] {
        try await Searching.inFolder { folder in
            let schema = """
                enum Status { OPEN }
                model Team {
                  id String @id
                }
                model Ticket {
                  id        String   @id
                  teamId    String
                  team      Team     @relation(fields: [teamId], references: [id])
                  handle    String
                  status    Status
                  payload   Json
                  kind      Status
                  code      String
                  createdAt DateTime
                  @@index([teamId])
                  @@index([kind, code])
                }
                """
            try Data(schema.utf8).write(to: folder.appending(path: "schema.prisma"))
            try Data("export const a = (x) => \(call);\n".utf8).write(to: folder.appending(path: "a.ts"))
            let options = AuditOptions(only: ["missing-index"], astGrep: Searching.astGrep)
            let report = try await Audit(target: folder.path, options: options, clock: SystemClock()).run()
            return report.findings.compactMap(\.fix.code)
        }
    }

    @Test func `a look-up without an index is found with the columns that it compares and orders by`() async throws {
        let codes = try await missing(
            "prisma.ticket.findFirst({ where: { handle: x }, orderBy: { createdAt: 'desc' } })")
        #expect(
            codes == [
                "CREATE INDEX CONCURRENTLY \"Ticket_handle_createdAt_idx\" ON \"Ticket\" (handle, \"createdAt\");"
            ])
    }

    @Test(arguments: [
        "prisma.ticket.findMany({ where: { team: visible(x) }, take: 5 })",
        "prisma.ticket.findMany({ where: { teamId: { in: x }, handle: 'a' }, take: 5 })",
        "prisma.ticket.findMany({ where: { status: 'OPEN' }, take: 5 })",
        "prisma.ticket.findMany({ where: { payload: x }, take: 5 })",
        "prisma.ticket.findUnique({ where: { id: x, handle: 'a' } })",
        "prisma.ticket.findFirst({ where: { kind: 'OPEN', code: x } })",
    ]) func `relations, kinds, documents and keys that have an index ask for none`(_ call: String) async throws {
        #expect(try await missing(call) == [])
    }

    @Test func `an index whose first column is not compared serves nobody`() async throws {
        let codes = try await missing("prisma.ticket.findMany({ where: { code: x }, take: 5 })")
        #expect(codes == ["CREATE INDEX CONCURRENTLY \"Ticket_code_idx\" ON \"Ticket\" (code);"])
    }

    @Test func `a look-up that an index only narrows is worth knowing, not urgent`() async throws {
        let codes = try await missing("prisma.ticket.findMany({ where: { teamId: x, handle: 'a' }, take: 5 })")
        #expect(codes == ["CREATE INDEX CONCURRENTLY \"Ticket_teamId_handle_idx\" ON \"Ticket\" (\"teamId\", handle);"])
    }

    @Test func `a kind in front of an order is worth one`() async throws {
        let codes = try await missing(
            "prisma.ticket.findMany({ where: { status: 'OPEN' }, orderBy: { createdAt: 'desc' }, take: 5 })")
        #expect(
            codes == [
                "CREATE INDEX CONCURRENTLY \"Ticket_status_createdAt_idx\" ON \"Ticket\" (status, \"createdAt\");"
            ])
    }
}
