import Web

/// Everything that people do beside voting: comments, follows, reports.
struct SocialRoutes: Sendable {
    let house: Playhouse

    /// The routes of the API.
    var routes: [Route] {
        CommentRoutes(house: house).routes + PersonRoutes(house: house).routes + ReportRoutes(house: house).routes
    }
}

extension PageRoutes {
    /// Pages and forms of the same.
    var socialRoutes: [Route] {
        CommentPageRoutes(house: house).routes + PersonPageRoutes(house: house).routes
            + ReportPageRoutes(house: house).routes + ReminderPageRoutes(house: house).routes
    }
}
