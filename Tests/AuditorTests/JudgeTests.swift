import Testing

@testable import Auditor

@Suite struct SourceJudgeTests {
    private let judge = SourceJudge(schema: SchemaShape(), sites: [], hasVectorIndexes: false)

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

    @Test func `names that a pattern binds are told from names that it reads`() {
        #expect(SourceJudge.boundNames("{ data: brand, error }") == ["brand", "error"])
        #expect(SourceJudge.boundNames("[job, other]") == ["job", "other"])
        #expect(SourceJudge.boundNames("week") == ["week"])
    }

    @Test(
        arguments: [
            ("app/api/lists/[id]/route.ts", "/api/lists/[id]"), ("src/app/(main)/week/page.tsx", "/week"),
            ("pages/api/views.ts", "/api/views"), ("lib/db.ts", nil), ("app/components/card.tsx", nil),
        ] as [(String, String?)]) func `a file's route follows from its folder`(_ file: String, _ route: String?)
    {
        #expect(Route.of(file) == route)
    }
}
