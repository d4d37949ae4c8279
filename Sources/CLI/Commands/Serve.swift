import Accounts
import ArgumentParser
import Base
import Coordination
import Hosting
import Jobs
import Logging
import ServiceLifecycle
import Storage
import UnixSignals
import Web

/// Serves requests until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve the products over HTTP.")

    @OptionGroup var common: CommonOptions

    @Option(help: "The address and port to listen at (default 127.0.0.1:8080).")
    var listen: String?

    @Option(help: "Where nodes share: redis://HOST:PORT, rediss:// with TLS, a cluster's separated by commas.")
    var redis: String?

    @Flag(help: "Fill an empty database with demo data.")
    var demo = false

    @Flag(help: "Serve only: leave jobs to processes that work.")
    var noWork = false

    func run() async throws {
        let installation = try common.installation([PlatformSettings.listen: listen, PlatformSettings.redis: redis])
        let keys = try InstallationKeys(installation)
        let driver = try await installation.openDriver()
        for step in try await installation.migrate(driver) {
            installation.logger.info("migrated", metadata: ["step": "\(step)"])
        }
        let ground = try Ground(installation, driver: driver, keys: keys, for: .serving)
        let home = try await ground.accounts.open(
            named: demo ? "Open Reel" : "Capstan", joining: demo ? .open : .invited)
        try await ground.flags.refresh()
        let running = try await RunningInstallation(
            installation, on: ground, home: home, keys: keys,
            metricsPolicy: demo || installation.settings.flag(PlatformSettings.openMetrics) ? .anyone : .operator,
            isDemo: demo)
        if demo { try await fill(running, ground, home, installation) }
        try await group(of: running, on: ground, in: installation).run()
        await ground.coordination.shutdown()
        await driver.shutdown()
    }

    private func fill(
        _ running: RunningInstallation, _ ground: Ground, _ home: Tenant, _ installation: Installation
    ) async throws {
        if installation.isLocal {
            let people = try await DemoPeople.appoint(in: home, by: ground.accounts.doorkeeper)
            print("Demo accounts: \(people.joined(separator: ", ")); password \(DemoPeople.password)")
        }
        for fill in running.host.demos { try await fill() }
    }

    /// What runs, in order of start: the products' services, the server, and who tells of both.
    ///
    /// Stopped in reverse, each phase with a deadline: first gracefully, then by cancellation, then by ending the
    /// process.
    private func group(
        of running: RunningInstallation, on ground: Ground, in installation: Installation
    ) -> ServiceGroup {
        let status = ProcessStatus(
            server: running.server, readiness: running.host.readiness, database: installation.database.description,
            coordination: ground.coordination.status().store.rawValue, logger: installation.logger)
        // Who does not work tells those who do.
        let work: any Service = noWork ? JobHerald(ground.jobs) : running.host.worker
        var configuration = ServiceGroupConfiguration(
            services: (running.host.services + [work]).map {
                // A service that has done its work ends; the others go on.
                ServiceGroupConfiguration.ServiceConfiguration(service: $0, successTerminationBehavior: .ignore)
            } + [
                .init(service: running.server, successTerminationBehavior: .gracefullyShutdownGroup),
                .init(service: status),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint], logger: installation.logger)
        configuration.maximumGracefulShutdownDuration =
            installation.server.drainTimeout + (noWork ? .zero : installation.jobOptions.drain) + .seconds(10)
        configuration.maximumCancellationDuration = .seconds(10)
        return ServiceGroup(configuration: configuration)
    }
}

/// Tells balancers and the log when the process serves, and that it drains as the first thing when it is told to stop:
/// services are stopped in the reverse of their order, and this one is the last.
private struct ProcessStatus: Service {
    let server: WebServer
    let readiness: Readiness
    let database: String
    let coordination: String
    let logger: Logger

    func run() async throws {
        guard let port = await server.port() else { return }
        readiness.phase = .serving
        logger.notice(
            "serving", metadata: ["port": "\(port)", "database": "\(database)", "coordination": "\(coordination)"])
        try await gracefulShutdown()
        readiness.phase = .draining
        logger.notice("draining")
    }
}
