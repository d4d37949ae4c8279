import Foundation
import Web

/// The folder of the product's templates and assets, and its place in the navigation.
enum TournamentPages {
    static var bundle: PageBundle {
        PageBundle("tournament", folder: Bundle.module.bundleURL.appendingPathComponent("Resources"))
    }

    static let navigation = [
        SiteChrome.Link(href: Addresses.feed, label: "Vote", icon: "vote"),
        SiteChrome.Link(href: Addresses.board("slot"), label: "Board", icon: "board"),
        SiteChrome.Link(href: Addresses.film, label: "Film", icon: "film"),
        SiteChrome.Link(href: Addresses.timetable, label: "Timetable", icon: "timetable"),
        SiteChrome.Link(href: Addresses.upload, label: "Upload", icon: "upload"),
        SiteChrome.Link(
            href: Addresses.queue, label: "Desk", icon: "desk", for: .role(.moderator),
            section: Addresses.desk),
    ]

    private static func page(_ title: String, _ template: String, _ model: any Sendable, scripts: [String]) -> HTMLPage
    {
        HTMLPage(
            title, template: "tournament/" + template, model: model, stylesheets: ["tournament/tournament.css"],
            scripts: scripts.map { "tournament/" + $0 })
    }

    static func page(_ model: FeedPage) -> HTMLPage {
        var page = page("Vote", "feed", model, scripts: model.slot == nil ? [] : ["feed.js"])
        if model.slot != nil { page.bodyClass = "feed" }
        return page
    }

    static func page(_ model: ClipPage) -> HTMLPage {
        page(
            model.title, "clip", model,
            scripts: ["player.js", "comments.js"] + (model.voting == nil ? [] : ["feed.js"]))
    }

    static func page(_ model: BoardPage) -> HTMLPage {
        page(model.heading, "board", model, scripts: model.liveHref == nil ? [] : ["board.js"])
    }

    static func page(_ model: ResultPage) -> HTMLPage {
        page(model.heading, "results", model, scripts: model.isOpen ? [] : ["player.js", "recount.js"])
    }

    static func page(_ model: TimetablePage) -> HTMLPage { page("Timetable", "timetable", model, scripts: []) }

    static func page(_ model: FilmPage) -> HTMLPage {
        page("The film so far", "film", model, scripts: model.isEmpty ? [] : ["player.js", "film.js"])
    }

    static func page(_ model: UploadPage) -> HTMLPage {
        page("Upload", "upload", model, scripts: model.form == nil ? [] : ["upload.js"])
    }

    static func page(_ model: MyClipsPage) -> HTMLPage { page("My clips", "mine", model, scripts: []) }

    static func page(_ model: QueuePage) -> HTMLPage { page("Upload queue", "queue", model, scripts: ["queue.js"]) }

    /// What the form before has led to.
    static func flash(_ word: String) -> HTMLPage.Flash? {
        Said.sentence(word).map { HTMLPage.Flash($0.isGood ? .good : .bad, $0.text) }
    }
}
