import Foundation
import Testing

/// The harness itself, without a server of ours.
@Suite struct HarnessTests {
    @Test func `a program's status and output are seen`() throws {
        let (status, output) = try Program.outcome(["sh", "-c", "echo out; echo error >&2; exit 3"])
        #expect(status == 3)
        #expect(output == "out\nerror\n")
        #expect(throws: Broken.self) { try Program.run(["false"]) }
    }

    @Test func `a port without a server refuses`() throws {
        let port = try HTTPConnection.freePort()
        #expect(throws: Broken.self) { try HTTPConnection(port: port) }
    }

    @Test func `a PostgreSQL of one's own survives a kill`() throws {
        let server = try PostgresServer()
        let database = try server.database
        _ = try database.rows("CREATE TABLE kept (n int); INSERT INTO kept SELECT generate_series(1, 1000)")
        try server.control("kill")
        #expect(throws: Broken.self) { try database.rows("SELECT 1") }
        try server.control("start")
        #expect(try database.number("SELECT count(*) FROM kept") == 1000)
    }
}
