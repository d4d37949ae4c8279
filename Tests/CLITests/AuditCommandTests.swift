import ArgumentParser
import Foundation
import Testing

@testable import capstan

@Suite struct AuditCommandTests {
    @Test func `an audit takes a target and its options`() throws {
        let command = try AuditCommand.parse([
            "./shop", "--database", "postgres://reader@localhost/shop", "--format", "sarif", "--users", "50000",
            "--fail-on", "high", "--only", "n-plus-one", "--only", "race-condition",
        ])
        #expect(command.target == "./shop" && command.format == .sarif && command.users == 50_000)
        #expect(command.only == ["n-plus-one", "race-condition"])
    }

    @Test func `a running server is not asked by nobody`() throws {
        let command = try AuditCommand.parse(["https://capstan.example"])
        if ProcessInfo.processInfo.environment["CAPSTAN_AUDIT_LOGIN"] == nil {
            #expect(throws: Failure.self) { _ = try command.asking() }
        }
        let folder = try AuditCommand.parse(["./shop"]).asking()
        #expect(folder == nil)
    }

    @Test(arguments: [
        [".", "--users", "0"], [".", "--fail-on", "dreadful"], [".", "--format", "pdf"],
        [".", "--database", "mysql://x"],
        [],
    ]) func `an audit refuses what it cannot be told`(_ arguments: [String]) {
        #expect(throws: (any Error).self) { try AuditCommand.parse(arguments) }
    }
}
