import Base

/// How ScrapeCreators tells of creators, as far as its public clients and tutorials show: every field may be missing,
/// named otherwise, or of another type.
enum ScrapeCreatorsShapes {
    enum Bounds {
        static let creatorsPerPage = 200
        static let postsPerProfile = 12
        static let textScalars = 2_000
    }

    /// A page of search results.
    ///
    /// - Parameters:
    ///   - body: what was sent.
    ///   - query: what was asked.
    /// - Returns: the creators in the order of the posts that named them, each once.
    /// - Throws: ``DirectoryFailure/unreadable(_:)`` when no list of results is there.
    static func page(_ body: LooseJSON, for query: DirectoryQuery) throws(DirectoryFailure) -> DirectoryPage {
        if body["success"]?.flag == false, body["search_item_list", "reels", "videos", "channels", "data"] == nil {
            throw .unreadable("success is false")
        }
        var found: [ListedCreator] = []
        switch query.platform {
        case .tiktok:
            guard let items = body["search_item_list", "aweme_list", "data.search_item_list"] else {
                throw .unreadable("search_item_list is missing")
            }
            found = items.elements.compactMap { tiktok($0["aweme_info"] ?? $0) }
        case .instagram:
            guard let reels = body["reels", "data.reels", "items"] else { throw .unreadable("reels is missing") }
            found = reels.elements.compactMap(instagram)
        case .youtube:
            let lists = [body["videos"], body["channels"], body["shorts"], body["data.videos"]].compactMap { $0 }
            guard !lists.isEmpty else { throw .unreadable("videos, channels and shorts are missing") }
            found = lists.flatMap { $0.elements.compactMap(youtube) }
        }
        return DirectoryPage(creators: each(found), next: next(body, for: query), credits: credits(body))
    }

    /// A creator once for each external id; later posts add what the first did not say.
    private static func each(_ found: [ListedCreator]) -> [ListedCreator] {
        var places: [String: Int] = [:]
        var creators: [ListedCreator] = []
        for creator in found.prefix(Bounds.creatorsPerPage) {
            if let place = places[creator.externalID] {
                creators[place].facts = creators[place].facts.updated(by: creator.facts)
            } else {
                places[creator.externalID] = creators.count
                creators.append(creator)
            }
        }
        return creators
    }

    /// Where the next page begins: TikTok's number with `has_more`, Instagram's page number, YouTube's token.
    private static func next(_ body: LooseJSON, for query: DirectoryQuery) -> String? {
        switch query.platform {
        case .tiktok:
            guard body["has_more", "data.has_more"]?.flag ?? false else { return nil }
            return body["cursor", "data.cursor"]?.text
        case .instagram:
            if let hasMore = body["has_more", "more_available"]?.flag {
                guard hasMore else { return nil }
            } else if body["reels", "data.reels", "items"]?.elements.isEmpty ?? true {
                return nil
            }
            return String((Int(query.cursor) ?? 1) + 1)
        case .youtube: return body["continuationToken", "continuation_token"]?.text
        }
    }

    /// What the call cost: most cost one, and a vendor that does not say is taken at its word of one.
    static func credits(_ body: LooseJSON) -> Int {
        Int(clamping: body["credits_charged", "credits_used", "creditsCharged"]?.count ?? 1)
    }

    // MARK: One result

    private static func tiktok(_ item: LooseJSON) -> ListedCreator? {
        guard let author = item["author"], let handle = author["unique_id", "uniqueId"]?.text else { return nil }
        var facts = CreatorFacts()
        let stats = item["authorStats", "author_stats", "author"]
        facts.followers = stats?["follower_count", "followerCount"]?.count
        facts.posts = stats?["aweme_count", "videoCount"]?.count
        facts.language = language(author["language"]?.text)
        facts.country = country(author["region"]?.text)
        return creator(
            id: author["uid", "id"]?.text, handle: handle, name: author["nickname"]?.text,
            bio: author["signature"]?.text ?? item["desc"]?.text, facts: facts,
            picture: author["avatar_thumb.url_list", "avatar_medium.url_list"]?.elements.first?.text
                ?? author["avatarThumb", "avatar_thumb"]?.text)
    }

    private static func instagram(_ reel: LooseJSON) -> ListedCreator? {
        guard let owner = reel["owner", "user"], let handle = owner["username"]?.text else { return nil }
        var facts = CreatorFacts()
        facts.followers = owner["follower_count", "edge_followed_by.count"]?.count
        facts.posts = owner["media_count", "post_count"]?.count
        return creator(
            id: owner["id", "pk"]?.text, handle: handle, name: owner["full_name"]?.text,
            bio: owner["biography"]?.text ?? reel["caption", "caption.text"]?.text, facts: facts,
            picture: owner["profile_pic_url"]?.text)
    }

    private static func youtube(_ item: LooseJSON) -> ListedCreator? {
        let channel = item["channel"] ?? item
        guard let handle = handle(of: channel) else { return nil }
        var facts = CreatorFacts()
        facts.followers = channel["subscriberCountInt", "subscriber_count"]?.count
        facts.posts = channel["videoCountInt", "video_count"]?.count
        facts.country = country(channel["country"]?.text)
        return creator(
            id: channel["id", "channelId"]?.text, handle: handle, name: channel["title", "name"]?.text,
            bio: channel["description"]?.text ?? item["title"]?.text, facts: facts,
            picture: channel["thumbnail", "avatar"]?.text)
    }

    private static func handle(of channel: LooseJSON) -> String? {
        let named = channel["handle"]?.text ?? channel["id", "channelId"]?.text
        return named.map { $0.hasPrefix("@") ? String($0.dropFirst()) : $0 }
    }

    private static func creator(
        id: String?, handle: String, name: String?, bio: String?, facts: CreatorFacts, picture: String?
    ) -> ListedCreator? {
        // Without the platform's own id a handle would have to do, and handles are renamed: who has none is left out.
        guard let id, id.utf8.count <= 200 else { return nil }
        let bio = cut(bio ?? "")
        var facts = facts
        facts.email = facts.email ?? ContactFinding.email(in: bio)
        return ListedCreator(
            externalID: id, handle: cut(handle, to: 100).lowercased(), name: cut(name ?? handle, to: 200), bio: bio,
            facts: facts, links: ContactFinding.links(in: bio),
            pictureURL: picture.flatMap { $0.utf8.count <= 2_000 ? $0 : nil })
    }

    // MARK: Profiles

    /// A profile with its last posts.
    static func profile(_ body: LooseJSON, of subject: DirectorySubject) throws(DirectoryFailure) -> DirectoryProfile {
        let found: ListedCreator?
        switch subject.platform {
        case .tiktok: found = tiktokProfile(body, subject)
        case .instagram: found = instagramProfile(body, subject)
        case .youtube: found = youtubeProfile(body, subject)
        }
        guard let found else { throw .unreadable("the profile is missing") }
        return .found(found, posts: posts(body, subject.platform), credits: credits(body))
    }

    private static func tiktokProfile(_ body: LooseJSON, _ subject: DirectorySubject) -> ListedCreator? {
        guard let user = body["user", "data.user", "userInfo.user"] else { return nil }
        // The exact numbers stand in `statsV2`, as texts; `stats` rounds them and overflows.
        let exact = body["statsV2", "data.statsV2", "userInfo.statsV2"]
        let rounded = body["stats", "data.stats", "userInfo.stats"]
        var facts = CreatorFacts()
        facts.followers = exact?["followerCount"]?.count ?? rounded?["followerCount"]?.count
        facts.posts = exact?["videoCount"]?.count ?? rounded?["videoCount"]?.count
        facts.language = language(user["language"]?.text)
        facts.country = country(user["region"]?.text)
        facts.email = user["email", "contact_email"]?.text.flatMap(ContactFinding.address)
        return creator(
            id: user["id", "uid"]?.text ?? subject.externalID,
            handle: user["uniqueId", "unique_id"]?.text ?? subject.handle,
            name: user["nickname"]?.text, bio: user["signature"]?.text, facts: facts,
            picture: user["avatarLarger", "avatarMedium", "avatarThumb"]?.text)
    }

    private static func instagramProfile(_ body: LooseJSON, _ subject: DirectorySubject) -> ListedCreator? {
        guard let user = body["data.user", "user"] else { return nil }
        var facts = CreatorFacts()
        facts.followers = user["edge_followed_by.count", "follower_count"]?.count
        facts.posts = user["edge_owner_to_timeline_media.count", "media_count"]?.count
        facts.email = user["business_email", "public_email"]?.text.flatMap(ContactFinding.address)
        facts.country = country(user["country_code"]?.text)
        return creator(
            id: user["id", "pk"]?.text ?? subject.externalID, handle: user["username"]?.text ?? subject.handle,
            name: user["full_name"]?.text, bio: user["biography"]?.text, facts: facts,
            picture: user["profile_pic_url_hd", "profile_pic_url"]?.text)
    }

    private static func youtubeProfile(_ body: LooseJSON, _ subject: DirectorySubject) -> ListedCreator? {
        guard let channel = body["channel", "data"] ?? (body["channelId", "name"] == nil ? nil : body) else {
            return nil
        }
        var facts = CreatorFacts()
        facts.followers = channel["subscriberCountInt", "subscriberCount", "subscriber_count"]?.count
        facts.posts = channel["videoCountInt", "videoCount", "video_count"]?.count
        facts.country = country(channel["country"]?.text)
        facts.email = channel["email"]?.text.flatMap(ContactFinding.address)
        return creator(
            id: channel["channelId", "id"]?.text ?? subject.externalID, handle: handle(of: channel) ?? subject.handle,
            name: channel["name", "title"]?.text, bio: channel["description"]?.text, facts: facts,
            picture: channel["avatar", "thumbnail"]?.text)
    }

    private static func posts(_ body: LooseJSON, _ platform: Platform) -> [CreatorPost] {
        let list: LooseJSON?
        switch platform {
        case .tiktok: list = body["videos", "aweme_list", "itemList"]
        case .instagram: list = body["posts", "data.user.edge_owner_to_timeline_media.edges", "items"]
        case .youtube: list = body["videos", "latest_videos"]
        }
        return (list?.elements ?? []).prefix(Bounds.postsPerProfile).compactMap { post($0["node", "aweme_info"] ?? $0) }
    }

    private static func post(_ item: LooseJSON) -> CreatorPost? {
        guard let id = item["id", "aweme_id", "pk", "videoId", "shortcode"]?.text, id.utf8.count <= 200 else {
            return nil
        }
        let statistics = item["statisticsV2", "statistics", "stats"] ?? item
        return CreatorPost(
            externalID: id,
            postedAt: item["create_time", "createTime", "taken_at", "taken_at_timestamp", "publishedTime"]?.moment,
            caption: cut(
                item["desc", "caption.text", "caption", "title"]?.text ?? "", to: Creator.Bounds.captionScalars),
            url: item["url", "share_url"]?.text.flatMap { $0.utf8.count <= 2_000 ? $0 : nil },
            views: statistics["play_count", "playCount", "video_view_count", "video_play_count", "viewCountInt"]?.count,
            likes: statistics["digg_count", "diggCount", "like_count", "edge_liked_by.count", "likeCountInt"]?.count,
            comments: statistics["comment_count", "commentCount", "edge_media_to_comment.count", "commentCountInt"]?
                .count)
    }

    // MARK: Words

    private static func cut(_ text: String, to scalars: Int = Bounds.textScalars) -> String {
        var cut = String.UnicodeScalarView()
        cut.append(contentsOf: text.unicodeScalars.prefix(scalars))
        return String(cut)
    }

    private static func language(_ text: String?) -> String? {
        text.flatMap { word in
            let code = word.prefix { $0 != "-" && $0 != "_" }.lowercased()
            return code.utf8.count == 2 && code.utf8.allSatisfy { (97...122).contains($0) } ? code : nil
        }
    }

    private static func country(_ text: String?) -> String? {
        text.flatMap { word in
            let code = word.uppercased()
            return code.utf8.count == 2 && code.utf8.allSatisfy { (65...90).contains($0) } ? code : nil
        }
    }
}
