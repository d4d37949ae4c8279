import ArgumentParser
import Auditor
import Base
import Foundation
import Programs
import Testing

@testable import capstan

/// Our own products under our own rules: what is urgent is mended, or stands in `capstan-audit.json` with its reason.
@Suite struct OwnAuditTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private func run(_ statement: String, at url: String, in folder: URL) async throws {
        let bounds = BoundedProgram.Bounds(deadline: .seconds(60), processorSeconds: 30, outputBytes: 1 << 20)
        try await BoundedProgram(name: "psql", clock: SystemClock()).run(
            ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement], in: folder, within: bounds)
    }

    /// A database with the schemas of all products.
    private func withDatabase(_ body: (String) async throws -> Void) async throws {
        let owner = try #require(
            ProcessInfo.processInfo.environment["CAPSTAN_TEST_POSTGRES"], "run the tests through Scripts/servers")
        let admin = try #require(
            ProcessInfo.processInfo.environment["CAPSTAN_TEST_POSTGRES_ADMIN"], "run the tests through Scripts/servers")
        let name = "capstan_own_\(SystemRandomness().next())"
        let slash = try #require(owner.lastIndex(of: "/"))
        let query = owner[slash...].firstIndex(of: "?").map { String(owner[$0...]) } ?? ""
        let url = owner[...slash] + name + query
        let folder = FileManager.default.temporaryDirectory.appending(path: name)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // A temporary folder that stays is swept by the system.
        defer { try? FileManager.default.removeItem(at: folder) }
        try await run("CREATE DATABASE \(name)", at: owner, in: folder)
        do {
            let migrate = try Migrate.parse(["--database", url, "--data", folder.appending(path: "data").path])
            try await migrate.run()
            try await body(url)
        } catch {
            try await run("DROP DATABASE \(name) WITH (FORCE)", at: admin, in: folder)
            throw error
        }
        // As who may end the server's own workers.
        try await run("DROP DATABASE \(name) WITH (FORCE)", at: admin, in: folder)
    }

    @Test(.timeLimit(.minutes(5))) func `our own products and their database have no urgent finding without a reason`()
        async throws
    {
        try await withDatabase { url in
            for folder in ["Sources/Products", "Sources/Platform"] {
                let options = AuditOptions(
                    database: Secret(url), astGrep: ProcessInfo.processInfo.environment["CAPSTAN_AST_GREP"])
                let report = try await Audit(
                    target: Self.root.appending(path: folder).path, options: options, clock: SystemClock()
                ).run()
                let urgent = report.counted.filter { $0.severity >= .high }.map {
                    "\($0.id): \($0.observation.summary)"
                }
                #expect(urgent.isEmpty, "\(urgent.joined(separator: "\n"))")
                #expect((report.examined.first { $0.name == "tables" }?.value ?? 0) > 50)
                #expect((report.examined.first { $0.name == "calls to the database" }?.value ?? 0) > 100)
                let known = Set(report.findings.map(\.id))
                let kept = try Suppressions.read(
                    Self.root.appending(path: "\(folder)/\(Suppressions.fileName)"))
                let stale = kept.suppressed.map(\.id).filter { !known.contains($0) }
                #expect(stale.isEmpty, "nothing is found any more that these keep: \(stale)")
            }
        }
    }
}
