import Base
import Foundation
import Hosting
import Storage
import Testing

@Suite struct SettingsTests {
    private let port = Setting("server.port", .integer(1...65_535, unit: "port"), default: "8080", "The port.")
    private let key = Setting("secrets.key", .secret, default: nil, "The key.")
    private let mode = Setting("server.poolMode", .choice(["a", "b"]), default: "a", "The mode.")

    @Test func `defaults hold where nothing is set`() throws {
        let settings = try Settings([port, key, mode]) { _ in nil }
        #expect(settings.integer(port) == 8_080)
        #expect(settings.text(mode) == "a")
        #expect(settings.secret(key) == nil)
    }

    @Test func `names in the environment follow from keys`() {
        #expect(mode.environmentName == "CAPSTAN_SERVER_POOL_MODE")
    }

    @Test(arguments: [("server.port", "0"), ("server.port", "many"), ("server.poolMode", "c")])
    func `a bad value is refused by name and never repeated`(key: String, value: String) throws {
        let error = try #require(throws: HostingError.self) {
            try Settings([port, mode]) { $0.key == key ? value : nil }
        }
        #expect(error.code == .invalidSetting)
        #expect(error.description.contains(key) && error.description.contains("CAPSTAN_SERVER_"))
        #expect(!error.description.contains("'\(value)'"))
    }

    @Test func `a key declared twice is refused`() {
        #expect(throws: HostingError.self) { try Settings([port, port]) { _ in nil } }
    }

    @Test func `the table lists every setting and no secret`() throws {
        let table = SettingsTable([port, key, mode]).markdown
        #expect(table.split(separator: "\n").count == 5)
        #expect(table.contains("| `server.port` | `CAPSTAN_SERVER_PORT` | `8080` | 1–65535 port | The port. |"))
    }
}

@Suite struct ProductPlansTests {
    private func plan(
        _ name: StaticString, tables: [String] = [], numbers: [Int] = [1], settings: [Setting] = []
    ) -> ProductPlan {
        ProductPlan(
            name: name, title: "T", summary: "S.",
            schema: SchemaModule(
                name: name.description, tables: tables.map { TableDeclaration($0) },
                migrations: numbers.map { Migration($0, "step", [.both("SELECT 1")]) }),
            settings: settings)
    }

    @Test func `plans that agree are taken, the platform's tables first`() throws {
        let plans = try ProductPlans(
            [plan("one", tables: ["a"]), plan("two", tables: ["b"])], platform: [ProductPlans.hostingSchema])
        #expect(plans.modules.map(\.name) == ["hosting", "one", "two"])
    }

    @Test func `contradictions are named`() {
        let bad = Setting("other.key", .flag, default: "true", "It.")
        for plans in [
            [plan("one"), plan("one")], [plan("one", tables: ["a"]), plan("two", tables: ["a"])],
            [plan("one", numbers: [1, 3])], [plan("one", numbers: [2])], [plan("one", settings: [bad])],
        ] {
            #expect(throws: HostingError.self) { try ProductPlans(plans, platform: []) }
        }
    }
}
