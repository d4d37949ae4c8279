public import Base
import Foundation
import Mustache
import NIOCore

/// Everything that pages are made from: templates and assets of all modules, read and checked at start.
///
/// `{{#asset}}web/icons.svg{{/asset}}` in a template becomes the asset's address when the template is read; an asset or
/// partial that does not exist is an error at start, not a hole in a page.
public final class Pages: Sendable {
    /// The assets and their addresses.
    public let assets: Assets
    /// What surrounds every page.
    public let chrome: SiteChrome
    private let library: MustacheLibrary
    private let templates: Set<String>
    private let clock: any WallClock
    /// The script of every page with the layout.
    private static let everywhere = "web/capstan.js"

    /// Reads the modules' folders.
    ///
    /// - Parameters:
    ///   - bundles: the folders; one of them is `web` with the template `layout`.
    ///   - chrome: what surrounds every page.
    ///   - clock: the time that pages tell their scripts.
    /// - Throws: `web.invalidResource` with the first file that is missing or broken.
    public init(_ bundles: [PageBundle], chrome: SiteChrome, clock: any WallClock) throws(WebError) {
        let assets = try Assets(bundles)
        var library = MustacheLibrary()
        var sources: [String: String] = [:]
        for bundle in bundles {
            for (file, data) in try bundle.files(in: "templates") where file.hasSuffix(".mustache") {
                let name = "\(bundle.name)/\(file.dropLast(9))"
                guard let text = String(data: data, encoding: .utf8) else {
                    throw WebError(.invalidResource, "The template \(name) is not UTF-8.")
                }
                sources[name] = try Self.resolve(text, assets, name)
            }
        }
        guard sources["web/layout"] != nil else {
            throw WebError(.invalidResource, "There is no template web/layout; pass the bundle that holds it.")
        }
        for (name, text) in sources {
            for partial in Self.partials(in: text) where sources[partial] == nil {
                throw WebError(.invalidResource, "The template \(name) uses \(partial), which does not exist.")
            }
            do {
                try library.register(text, named: name)
            } catch {
                throw WebError(.invalidResource, "The template \(name) cannot be read.", underlying: error)
            }
        }
        self.assets = assets
        self.chrome = chrome
        self.library = library
        self.clock = clock
        templates = Set(sources.keys)
    }

    /// Whether there is a template of the name.
    public func has(_ template: String) -> Bool { templates.contains(template) }

    /// Puts addresses in the place of assets' names.
    private static func resolve(_ text: String, _ assets: Assets, _ name: String) throws(WebError) -> String {
        var result = ""
        var rest = text[...]
        while let start = rest.range(of: "{{#asset}}"), let end = rest.range(of: "{{/asset}}") {
            let asset = String(rest[start.upperBound..<end.lowerBound])
            result += rest[..<start.lowerBound]
            if asset == "{{.}}" {
                result += asset
            } else if let address = assets.address(of: asset) {
                result += address
            } else {
                throw WebError(.invalidResource, "The template \(name) uses the asset \(asset), which does not exist.")
            }
            rest = rest[end.upperBound...]
        }
        return result + rest
    }

    private static func partials(in text: String) -> [String] {
        text.components(separatedBy: "{{>").dropFirst().compactMap { part in
            part.range(of: "}}").map { part[..<$0.lowerBound].trimmingCharacters(in: .whitespaces) }
        }.filter { !$0.hasPrefix("*") }
    }

    func render(_ page: HTMLPage, in context: RequestContext?) throws(WebError) -> String {
        let site = chrome.model(in: context, now: clock.now().microseconds / 1_000)
        guard
            let content = library.render(Surrounded(inner: page.model, site: site), withTemplate: page.template)
        else { throw WebError(.invalidResource, "There is no template \(page.template).") }
        var model: [String: Any] = [
            "title": page.title, "content": content, "site": site,
            "stylesheets": try addresses(page.stylesheets), "scripts": try addresses(page.scripts),
            "preloads": try addresses(
                assets.modules(for: page.isBare ? page.scripts : [Self.everywhere] + page.scripts)),
            "bodyClass": page.bodyClass, "mainClass": page.mainClass,
        ]
        if let description = page.description { model["description"] = description }
        if let flash = page.flash {
            model["flash"] = [
                "kind": flash.kind.rawValue, "text": flash.text, "role": flash.kind == .bad ? "alert" : "status",
                "icon": flash.kind == .good ? "check" : "info",
            ]
        }
        let layout = page.isBare ? "web/bare" : "web/layout"
        guard let html = library.render(model, withTemplate: layout) else {
            throw WebError(.invalidResource, "There is no template \(layout).")
        }
        return html
    }

    private func addresses(_ names: [String]) throws(WebError) -> [String] {
        var addresses: [String] = []
        for name in names {
            guard let address = assets.address(of: name) else {
                throw WebError(.invalidResource, "There is no asset \(name).")
            }
            addresses.append(address)
        }
        return addresses
    }

    /// The page of a problem; `nil` when there is no template for it.
    func page(of problem: Problem, status: Int, in context: RequestContext?) -> ByteBuffer? {
        guard has("web/problem") else { return nil }
        var model: [String: any Sendable] = [
            "status": status, "heading": StatusTable.title(of: status), "detail": problem.detail,
            "code": problem.code, "backHref": chrome.home, "backLabel": "Back to the start",
        ]
        if let wait = problem.retryAfter { model["retryAfter"] = "\(Problem.seconds(wait)) seconds" }
        // A page that cannot be made is no reason to withhold the problem, which is then told as JSON.
        let html = try? render(
            HTMLPage(StatusTable.title(of: status), template: "web/problem", model: model), in: context)
        return html.map { ByteBuffer(string: $0) }
    }
}

/// A page's own values, with `site` beside them.
private struct Surrounded: MustacheParent, MustacheCustomRenderable {
    let inner: Any
    let site: [String: Any]

    var renderText: String { "" }
    var isNull: Bool { false }

    func child(named name: String) -> Any? {
        if let parent = inner as? any MustacheParent {
            if let child = parent.child(named: name) { return child }
        } else if let child = Mirror(reflecting: inner).children.first(where: { $0.label == name })?.value {
            return unwrapped(child)
        }
        return name == "site" ? site : nil
    }

    private func unwrapped(_ value: Any) -> Any? {
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .optional else { return value }
        return mirror.children.first?.value
    }
}
