import Foundation
import Testing

/// What a person or a script types.
@Suite struct CommandTests {
    func capstan(_ arguments: String...) throws -> (status: Int32, output: String) {
        try Program.outcome([Capstan.binary] + arguments)
    }

    @Test(arguments: [
        ["serve", "--database", "mysql://x"],
        ["serve", "--listen", "nowhere"],
        ["serve", "--products", "nothing"],
        ["sing"],
        ["serve", "--unknown"],
    ])
    func `wrong use ends with 2 and says what to do`(_ arguments: [String]) throws {
        let folder = try TemporaryFolder()
        let (status, output) = try Program.outcome(
            [Capstan.binary] + arguments + (arguments.count > 1 ? ["--data", folder.path] : []))
        #expect(status == 2, "\(output)")
        #expect(!output.isEmpty)
    }

    @Test(arguments: Engine.all)
    func `migrate --check tells whether something is pending`(_ engine: Engine) throws {
        let folder = try TemporaryFolder()
        let database: any TestDatabase =
            switch engine {
            case .sqlite: SQLiteFile(path: folder.path + "/capstan.sqlite")
            case .postgres: try PostgresDatabase.create(Demo.newName())
            }
        #expect(try capstan("migrate", "--check", "--database", database.url).status == 1)
        #expect(try capstan("migrate", "--database", database.url).status == 0)
        #expect(try capstan("migrate", "--check", "--database", database.url).status == 0)
        #expect(try capstan("migrate", "--database", database.url).status == 0)
    }

    @Test func `routes and settings are listed`() throws {
        let routes = try capstan("routes")
        #expect(routes.status == 0)
        #expect(routes.output.contains("/api/tournament/votes"))
        let settings = try capstan("settings")
        #expect(settings.status == 0)
        #expect(settings.output.contains("server.listen"))
    }

    @Test func `an address in use is named`() throws {
        let site = try Site(.sqlite)
        try site.server.start()
        let folder = try TemporaryFolder()
        let (status, output) = try capstan(
            "serve", "--listen", "127.0.0.1:\(site.server.port)", "--data", folder.path)
        #expect(status == 1)
        #expect(output.contains("\(site.server.port)"), "\(output)")
    }
}
