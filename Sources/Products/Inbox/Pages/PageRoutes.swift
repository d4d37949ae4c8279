import Web

/// All pages and forms of the product; one line for each group.
enum PageRoutes {
    static func all(_ office: Office) -> [Route] {
        DeskPageRoutes(office: office).routes + ChannelPageRoutes(office: office).routes
            + DemoChannelRoutes(office: office).routes
            + KnowledgePageRoutes(office: office).routes + WidgetPageRoutes(office: office).routes
            + ContactPageRoutes(office: office).routes + SearchPageRoutes(office: office).routes
            + DashboardPageRoutes(office: office).routes + ReplyPageRoutes(office: office).routes
            + TeamPageRoutes(office: office).routes + ExportPageRoutes(office: office).routes
    }
}
