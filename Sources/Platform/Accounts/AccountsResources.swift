import Foundation

enum AccountsResources {
    static var folder: URL { Bundle.module.bundleURL.appendingPathComponent("Resources") }
}
