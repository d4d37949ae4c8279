import Foundation
import Web

/// The folder of the product's templates and assets, its place in the navigation, and what its pages share.
enum InboxPages {
    static var bundle: PageBundle {
        PageBundle("inbox", folder: Bundle.module.bundleURL.appendingPathComponent("Resources"))
    }

    static let navigation = [
        SiteChrome.Link(href: Addresses.base, label: "Inbox", icon: "chat", for: .signedIn)
    ]

    /// How a page uses the window.
    enum Layout: Sendable {
        /// A page that scrolls, as wide as tables need it.
        case page
        /// Columns that fill the window and scroll each for itself.
        case desk
    }

    /// A page of the product.
    ///
    /// - Parameters:
    ///   - title: the title.
    ///   - template: the template without the product's name, as in `contacts`; it begins with `{{> inbox/frame}}`.
    ///   - model: what it shows; it has a property `frame`, made by ``FrameDesk/frame(_:for:)``.
    ///   - layout: how it uses the window.
    ///   - styles: style files beside `inbox.css`, as in `widget.css`.
    ///   - scripts: script modules of the product, as in `desk.js`.
    ///   - said: the word in the address about a form that was sent before.
    /// - Returns: the page.
    static func page(
        _ title: String, _ template: String, _ model: any Sendable, layout: Layout = .page, styles: [String] = [],
        scripts: [String] = [], said: String? = nil
    ) -> HTMLPage {
        var page = HTMLPage(
            title, template: "inbox/\(template)", model: model,
            stylesheets: (["inbox.css"] + styles).map { "inbox/\($0)" }, scripts: scripts.map { "inbox/\($0)" })
        page.mainClass = "wide"
        if layout == .desk { page.bodyClass = "inbox-desk" }
        page.flash = said.flatMap(Said.flash)
        return page
    }
}
