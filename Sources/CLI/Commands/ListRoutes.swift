import ArgumentParser
import Base
import Foundation
import Hosting
import Storage
import StorageSQLite
import Web

/// Lists all routes with what they promise; touches no data.
struct ListRoutes: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "routes", abstract: "List all routes with policy, limit, budget and cache rule.")

    @Option(help: "The products whose routes are listed, separated by commas (default all).")
    var products: String?

    func run() async throws {
        // Routes are made by products, which want services; these are real and thrown away.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "capstan-routes-\(ProcessInfo.processInfo.processIdentifier)"
        ).path
        defer { cleanUp(folder) }
        let installation = try Installation(
            products: products,
            overrides: [PlatformSettings.data: folder, PlatformSettings.database: "sqlite:\(folder)/routes.sqlite"])
        let driver = try await installation.openDriver()
        let keys = try InstallationKeys(installation)
        let running = try await RunningInstallation(
            installation, on: Ground(installation, driver: driver, keys: keys), home: Tenant(ID(high: 0, low: 0)),
            keys: keys, metricsPolicy: .operator)
        print("| Route | Name | Who | Limit | Statements | Cache |")
        print("|---|---|---|---|---|---|")
        for route in running.site.routes {
            print(
                "| `\(route.method.rawValue) \(route.path)` | \(route.name) | \(route.policy) | \(route.limit) "
                    + "| \(route.budget) | \(route.cache.header) |")
        }
        await driver.shutdown()
    }

    private func cleanUp(_ folder: String) {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            print("The temporary folder \(folder) could not be removed: \(error.localizedDescription)")
        }
    }
}
