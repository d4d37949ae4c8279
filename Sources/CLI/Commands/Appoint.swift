import Accounts
import ArgumentParser
import Base
import Hosting
import Storage
import Web

/// Makes an account with a role: how an installation gets its first operator.
struct Appoint: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make an account with a role; the password is read from standard input.")

    @Argument(help: "The person's e-mail address.")
    var email: String

    @Option(help: "The name that others see.")
    var name: String

    @Option(
        help: "What the person may do: member, moderator, administrator or operator.",
        transform: { text in
            guard let role = Role(rawValue: text) else { throw ValidationError("no role is called \(text)") }
            return role
        })
    var role: Role = .operator

    @Option(help: "The short name of the tenant.")
    var tenant: String = HostedAccounts.homeSlug

    @OptionGroup var common: CommonOptions

    func run() async throws {
        guard let password = readLine(strippingNewline: true), !password.isEmpty else {
            throw Failure.usedWrongly("no password came from standard input: type one, or pipe one in")
        }
        let installation = try common.installation()
        let driver = try await installation.openDriver()
        do {
            _ = try await installation.migrate(driver)
            let ground = try Ground(installation, driver: driver, keys: InstallationKeys(installation))
            _ = try await ground.accounts.open(named: "Capstan", joining: .invited)
            try await appoint(in: ground.accounts, password: Secret(password))
        } catch {
            await driver.shutdown()
            throw error
        }
        await driver.shutdown()
    }

    private func appoint(in accounts: HostedAccounts, password: Secret<String>) async throws {
        guard let home = accounts.directory.tenant(slug: tenant) else {
            throw Failure.usedWrongly("no tenant has the short name \(tenant)")
        }
        guard
            try await accounts.doorkeeper.appoint(email: email, password: password, name: name, in: home, as: role)
                != nil
        else { throw Failure.failed("somebody has the address \(email) already: change the role in the console") }
        print("\(email) is \(role.rawValue) of \(tenant).")
    }
}

/// The accounts of the demo, one per role worth looking through; never made on a server that others can reach.
enum DemoPeople {
    /// The password of all of them, which the program prints when it serves the demo.
    static let password = "capstan-demo"

    private static let all: [(email: String, name: String, role: Role)] = [
        ("operator@example.com", "Olive Operator", .operator),
        ("director@example.com", "Dora Director", .administrator),
        ("moderator@example.com", "Milo Moderator", .moderator),
        ("creator@example.com", "Cleo Creator", .member),
        ("viewer@example.com", "Vic Viewer", .member),
    ]

    /// Makes them unless the tenant has members already; returns their addresses.
    static func appoint(in tenant: Tenant, by doorkeeper: Doorkeeper) async throws -> [String] {
        let isNew = try await doorkeeper.members(of: tenant, limit: 1).items.isEmpty
        for person in all where isNew {
            _ = try await doorkeeper.appoint(
                email: person.email, password: Secret(password), name: person.name, in: tenant, as: person.role)
        }
        return all.map(\.email)
    }
}
