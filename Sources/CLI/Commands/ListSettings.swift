import ArgumentParser
import Hosting

/// Lists what can be configured.
struct ListSettings: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "List all settings with their defaults and ranges.")

    @Option(help: "The products whose settings are listed, separated by commas (default all).")
    var products: String?

    func run() throws {
        let plans = try ProductPlans(
            Products.chosen(products).map { $0.plan }, platform: Products.platformModules)
        print(SettingsTable(PlatformSettings.all + plans.plans.flatMap(\.settings)).markdown)
    }
}
