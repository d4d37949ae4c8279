import Web

/// The pages of comments, people and reports.
extension TournamentPages {
    static func page(_ model: RepliesPage) -> HTMLPage { social("Replies", "replies", model) }

    static func page(_ model: CommentsPage) -> HTMLPage {
        var page = social("Comments", "comments-page", model)
        page.scripts = ["tournament/comments.js"]
        return page
    }

    static func page(_ model: PersonPage) -> HTMLPage { social(model.isOwn ? "You" : model.name, "person", model) }

    static func page(_ model: ReportDeskPage) -> HTMLPage { social("Reports", "reports", model) }

    private static func social(_ title: String, _ template: String, _ model: any Sendable) -> HTMLPage {
        HTMLPage(
            title, template: "tournament/" + template, model: model,
            stylesheets: ["tournament/tournament.css", "tournament/social.css"])
    }
}
