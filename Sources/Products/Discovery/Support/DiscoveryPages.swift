import Foundation
import Web

/// The folder of the product's templates and assets, its place in the navigation, and what its pages share.
enum DiscoveryPages {
    static var bundle: PageBundle {
        PageBundle("discovery", folder: Bundle.module.bundleURL.appendingPathComponent("Resources"))
    }

    static let navigation = [
        SiteChrome.Link(href: Addresses.base, label: "Discovery", icon: "target", for: .signedIn)
    ]

    /// A page of the product.
    ///
    /// - Parameters:
    ///   - title: the title.
    ///   - template: the template without the product's name, as in `usage`.
    ///   - model: what it shows; it has a property `tabs`, made by ``Tab/all(_:)``, for the partial `discovery/tabs`.
    ///   - scripts: script modules of the product, as in `live.js`.
    ///   - said: the word in the address about a form that was sent before.
    /// - Returns: the page, as wide as tables need it.
    static func page(
        _ title: String, _ template: String, _ model: any Sendable, scripts: [String] = [], said: String? = nil
    ) -> HTMLPage {
        var page = HTMLPage(
            title, template: "discovery/\(template)", model: model, stylesheets: ["discovery/discovery.css"],
            scripts: scripts.map { "discovery/\($0)" })
        page.mainClass = "wide"
        page.flash = said.flatMap(Said.flash)
        return page
    }
}

/// A part of the product in the row of tabs under the main navigation.
struct Tab: Sendable {
    /// The parts, in order.
    enum Place: CaseIterable, Sendable {
        case dashboard, searches, creators, lists, campaigns, exports, usage
    }

    let href: String
    let label: String
    let isCurrent: Bool

    /// All parts, one of them marked.
    static func all(_ current: Place?) -> [Tab] {
        Place.allCases.map { place in
            let (href, label) = link(place)
            return Tab(href: href, label: label, isCurrent: place == current)
        }
    }

    private static func link(_ place: Place) -> (href: String, label: String) {
        switch place {
        case .dashboard: (Addresses.base, "Dashboard")
        case .searches: (Addresses.searches, "Searches")
        case .creators: (Addresses.creators, "Creators")
        case .lists: (Addresses.base + "/lists", "Lists")
        case .campaigns: (Addresses.base + "/campaigns", "Campaigns")
        case .exports: (Addresses.base + "/exports", "Exports")
        case .usage: (Addresses.usage, "Usage")
        }
    }
}
