import Accounts
import ArgumentParser
import Base
import Hosting
import Jobs
import Logging
import ServiceLifecycle
import Storage
import UnixSignals
import Web

/// Works on jobs until it is told to stop; serves nothing.
struct Work: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Work on jobs, without serving.",
        discussion: "As many processes as are wanted may work beside those that serve; any may be killed at any time.")

    @OptionGroup var common: CommonOptions

    func run() async throws {
        let installation = try common.installation()
        let keys = try InstallationKeys(installation)
        let driver = try await installation.openDriver()
        for step in try await installation.migrate(driver) {
            installation.logger.info("migrated", metadata: ["step": "\(step)"])
        }
        let ground = try Ground(installation, driver: driver, keys: keys, for: .serving)
        let home = try await ground.accounts.open(named: "Capstan", joining: .invited)
        try await ground.flags.refresh()
        let running = try await RunningInstallation(
            installation, on: ground, home: home, keys: keys, metricsPolicy: .operator)
        installation.logger.notice(
            "working",
            metadata: [
                "database": "\(installation.database.description)", "kinds": "\(ground.jobs.rules.count)",
            ])
        // What products run beside requests is part of working: caches, flags and flushes that handlers stand on.
        var configuration = ServiceGroupConfiguration(
            services: running.host.services.map {
                ServiceGroupConfiguration.ServiceConfiguration(service: $0, successTerminationBehavior: .ignore)
            } + [.init(service: running.host.worker, successTerminationBehavior: .gracefullyShutdownGroup)],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: installation.logger)
        configuration.maximumGracefulShutdownDuration = installation.jobOptions.drain + .seconds(10)
        configuration.maximumCancellationDuration = .seconds(10)
        try await ServiceGroup(configuration: configuration).run()
        await driver.shutdown()
    }
}
