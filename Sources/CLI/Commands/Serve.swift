import ArgumentParser
import Hosting
import Logging
import ServiceLifecycle
import Storage
import UnixSignals

/// Serves requests until it is told to stop.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve the products over HTTP.")

    @OptionGroup var common: CommonOptions

    @Option(help: "The address and port to listen at (default 127.0.0.1:8080).")
    var listen: String?

    @Flag(help: "Fill an empty database with demo data.")
    var demo = false

    func run() async throws {
        let installation = try common.installation([PlatformSettings.listen: listen])
        let keys = try InstallationKeys(installation)
        let driver = try await installation.openDriver()
        for step in try await installation.migrate(driver) {
            installation.logger.info("migrated", metadata: ["step": "\(step)"])
        }
        let running = try await RunningInstallation(installation, driver: driver, keys: keys, isDemo: demo)
        try await running.flags.refresh()
        if demo {
            for fill in running.host.demos { try await fill() }
        }
        running.host.readiness.phase = .serving
        installation.logger.notice(
            "serving",
            metadata: [
                "address": "http://\(installation.settings.text(PlatformSettings.listen) ?? "")",
                "database": "\(installation.database)",
            ])
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: running.services.map {
                    ServiceGroupConfiguration.ServiceConfiguration(
                        service: $0, successTerminationBehavior: .gracefullyShutdownGroup)
                } + [.init(service: DrainSignal(readiness: running.host.readiness))],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: installation.logger))
        try await group.run()
        await driver.shutdown()
    }
}

/// Tells balancers that the process drains, as the first thing when it is told to stop: services are stopped in the
/// reverse of their order, and this one is the last.
private struct DrainSignal: Service {
    let readiness: Readiness

    func run() async throws {
        try await gracefulShutdown()
        readiness.phase = .draining
    }
}
