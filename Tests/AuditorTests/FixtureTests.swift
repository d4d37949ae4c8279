import Base
import Foundation
import Testing

@testable import Auditor

/// Small applications in the stacks of the five audits, each with the faults that one of them found.
enum Fixture: String, CaseIterable, Sendable {
    case creatorSearch = "creator-search"
    case videoVotes = "video-votes"
    case course
    case citations
    case inbox

    /// What must be found, and what must not.
    struct Expectations: Decodable {
        struct Expected: Decodable {
            var finding: String
            var rule: String
            var place: String
            /// A part of the fix's statement, where that matters.
            var code: String?
        }

        struct Good: Decodable {
            var keep: String
            var rule: String
            var place: String
        }

        struct Asked: Decodable {
            var finding: String
            var rule: String
        }

        struct Absent: Decodable {
            var claim: String
            var rule: String
            var place: String
        }

        var expected: [Expected]
        var good: [Good]
        var asked: [Asked]
        var absent: [Absent]
    }

    var folder: URL { Bundle.module.bundleURL.appending(path: "Fixtures/\(rawValue)") }

    func expectations() throws -> Expectations {
        try JSONDecoder().decode(
            Expectations.self, from: Data(contentsOf: folder.appending(path: "expected.json")))
    }

    func audit(only: Set<String>? = nil) async throws -> Report {
        try await Audit(
            target: folder.path, options: AuditOptions(only: only, astGrep: Searching.astGrep), clock: SystemClock()
        ).run()
    }
}

extension Finding {
    /// Whether it names the place: a file, a table, a route, or in its summary a site.
    func names(_ place: String) -> Bool {
        let name = place.hasPrefix("table ") ? String(place.dropFirst(6)) : place
        return location.file?.hasPrefix(name) ?? false || location.table == name || id.contains(":\(name)(")
            || observation.summary.contains(name + ":")
    }
}

@Suite struct FixtureTests {
    @Test(arguments: Fixture.allCases)
    func `every finding of the audit that source shows is found in its fixture`(_ fixture: Fixture) async throws {
        let report = try await fixture.audit()
        for expected in try fixture.expectations().expected {
            let isFound = report.findings.contains { finding in
                finding.rule == expected.rule && finding.names(expected.place)
                    && (expected.code.map { finding.fix.code?.contains($0) ?? false } ?? true)
            }
            #expect(
                isFound, "\(expected.finding): \(expected.rule) at \(expected.place) is missing in \(fixture.rawValue)")
        }
    }

    @Test(arguments: Fixture.allCases)
    func `what an audit claimed and does not hold is not claimed again, nor good practice missed`(
        _ fixture: Fixture
    ) async throws {
        let report = try await fixture.audit()
        for absent in try fixture.expectations().absent {
            let wrong = report.findings.filter { $0.rule == absent.rule && $0.names(absent.place) }
            #expect(wrong.isEmpty, "\(absent.claim): \(wrong.map(\.observation.summary))")
        }
    }

    @Test(arguments: Fixture.allCases)
    func `what is good in a fixture is reported as seen`(_ fixture: Fixture) async throws {
        let report = try await fixture.audit()
        for good in try fixture.expectations().good {
            let isSeen = report.good.contains { note in
                note.rule == good.rule && note.places.contains { $0.contains(good.place) }
            }
            #expect(isSeen, "\(good.keep): \(good.rule) at \(good.place) is not seen in \(fixture.rawValue)")
        }
    }

    @Test(arguments: Fixture.allCases)
    func `what only the owner knows is asked, not found`(_ fixture: Fixture) async throws {
        let report = try await fixture.audit()
        for asked in try fixture.expectations().asked {
            #expect(report.questions.contains { $0.rule == asked.rule }, "\(asked.finding): \(asked.rule) is not asked")
            #expect(!report.findings.contains { $0.rule == asked.rule })
        }
    }

    @Test func `each finding of the register is found, asked, or measured somewhere, and each praise is seen`() throws {
        struct Measured: Decodable {
            var ids: [String]
            var rule: String
            var by: String
        }
        var known: Set<String> = []
        var seen: Set<String> = []
        for fixture in Fixture.allCases {
            let expectations = try fixture.expectations()
            known.formUnion(expectations.expected.map(\.finding) + expectations.asked.map(\.finding))
            seen.formUnion(expectations.good.map(\.keep))
        }
        let file = Bundle.module.bundleURL.appending(path: "Fixtures/register.json")
        let rules = try RuleBook.shipped().rules
        for measured in try JSONDecoder().decode([Measured].self, from: Data(contentsOf: file)) {
            #expect(rules[measured.rule] != nil, "\(measured.rule) is no rule")
            known.formUnion(measured.ids)
        }
        let all = [("G", 31), ("M", 23), ("A", 18), ("C", 36), ("I", 36)].flatMap { letter, count in
            (1...count).map { "\(letter)\($0)" }
        }
        let open = all.filter { !known.contains($0) }
        #expect(open == [], "\(open)")
        // A web layer without state and a payment that has no limit leave nothing in the text.
        let praised = [("G", 8), ("M", 13), ("A", 3), ("C", 4), ("I", 4)].flatMap { letter, count in
            (1...count).map { "K-\(letter)\($0)" }
        }
        #expect(praised.filter { !seen.contains($0) } == ["K-C2", "K-C4"])
    }

    @Test func `the findings of a fixture are the same at each run`() async throws {
        let first = try await Fixture.inbox.audit()
        let second = try await Fixture.inbox.audit()
        #expect(try first.json() == (try second.json()))
    }

    @Test func `one rule alone finds what it finds among all`() async throws {
        let whole = try await Fixture.inbox.audit().findings.filter { $0.rule == "n-plus-one" }
        let alone = try await Fixture.inbox.audit(only: ["n-plus-one"]).findings
        #expect(!alone.isEmpty && alone.map(\.id) == whole.map(\.id))
    }

    @Test func `what was not looked at is said`() async throws {
        let report = try await Fixture.citations.audit()
        #expect(report.notJudged.contains { $0.rule == "database" })
        #expect(report.questions.contains { $0.rule == "no-backup-dr" })
        #expect(!report.findings.contains { $0.rule == "no-backup-dr" })
        #expect(report.findings.allSatisfy { $0.projection.answers.isEmpty })
    }

    @Test func `good practice is reported as seen`() async throws {
        let inbox = try await Fixture.inbox.audit()
        #expect(inbox.good.contains { $0.rule == "good-keyset" })
        #expect(inbox.good.contains { $0.rule == "good-socket-adapter" })
        let search = try await Fixture.creatorSearch.audit()
        #expect(search.good.contains { $0.rule == "function-timeout" })
        #expect(search.good.contains { $0.rule == "cache-invalidation" })
    }

    @Test func `what stands in manifests and the host's file counts too`() async throws {
        let citations = try await Fixture.citations.audit()
        #expect(!citations.questions.contains { $0.rule == "no-monitoring" })
        #expect(citations.good.contains { $0.rule == "no-monitoring" && $0.places == ["package.json"] })
        #expect(try await Fixture.course.audit().questions.contains { $0.rule == "no-monitoring" })
        let limits = try await Fixture.creatorSearch.audit().findings.filter { $0.location.file == "vercel.json" }
        #expect(limits.map(\.rule) == ["function-timeout"])
    }

    @Test func `a target that is nothing, and a rule that is none, are refused`() async throws {
        #expect(throws: AuditError.self) {
            try Audit(target: "/nowhere/at/all", options: AuditOptions(), clock: SystemClock())
        }
        await #expect(throws: AuditError.self) { try await Fixture.inbox.audit(only: ["no-such-rule"]) }
    }

    @Test func `without ast-grep the audit says how to get it`() async throws {
        let audit = try Audit(
            target: Fixture.inbox.folder.path, options: AuditOptions(astGrep: "/nowhere/ast-grep"), clock: SystemClock()
        )
        let error = await #expect(throws: AuditError.self) { try await audit.run() }
        #expect(error?.code == .missingProgram)
        #expect(error?.message.contains("pip install ast-grep-cli") == true)
    }
}
