import ArgumentParser
import Hosting

/// Options that several commands share; each stands for a setting of the same meaning.
struct CommonOptions: ParsableArguments {
    @Option(help: "Where the data is: sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME.")
    var database: String?

    @Option(help: "Where files are kept (default ./capstan-data).")
    var data: String?

    @Option(help: "The products to mount, separated by commas (default all).")
    var products: String?

    func installation(_ more: [Setting: String?] = [:]) throws -> Installation {
        var overrides: [Setting: String] = more.compactMapValues { $0 }
        overrides[PlatformSettings.database] = database
        overrides[PlatformSettings.data] = data
        return try Installation(products: products, overrides: overrides)
    }
}
