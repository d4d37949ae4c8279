import ArgumentParser
import Hosting
import Storage

/// Brings the schema of the database up to date.
struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Bring the database's schema up to date.")

    @OptionGroup var common: CommonOptions

    @Flag(help: "Only tell what is pending; ends with 1 when something is.")
    var check = false

    func run() async throws {
        let installation = try common.installation()
        let driver = try await installation.openDriver()
        do {
            try await migrate(installation, driver)
        } catch {
            await driver.shutdown()
            throw error
        }
        await driver.shutdown()
    }

    private func migrate(_ installation: Installation, _ driver: any StorageDriver) async throws {
        guard check else {
            let done = try await installation.migrate(driver)
            for step in done { print("done: \(step)") }
            if done.isEmpty { print("The schema of \(installation.database) is up to date.") }
            return
        }
        let pending = try await Migrator(
            driver: driver, modules: installation.plans.modules, clock: installation.clock
        ).pending()
        for step in pending { print("pending: \(step)") }
        guard pending.isEmpty else { throw Failure.failed("\(pending.count) steps are pending: run `capstan migrate`") }
        print("The schema of \(installation.database) is up to date.")
    }
}
