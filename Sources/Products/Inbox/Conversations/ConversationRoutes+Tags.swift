import Base
import Web

/// Tags over HTTP.
extension ConversationRoutes {
    var tagRoutes: [Route] { [allTags, makeTag, tag, untag] }

    private struct TagsOutput: Output {
        static let shape = Shape.object([.body("tags", .list(.object(TagOutput.fields)))])

        let tags: [TagOutput]
    }

    private struct TagOutput: Output {
        static let fields: [Field] = [.body("id", .id), .body("label", .text)]
        static let shape = Shape.object(fields)

        let id: ID<Tag>
        let label: String

        init(_ tag: Tag) {
            id = tag.id
            label = tag.label
        }
    }

    private var allTags: Route {
        Route(
            .get, "/tags", "inbox.listTags", "Lists all tags of the company.", policy: .signedIn, limit: Rates.reading,
            budget: 1
        ) { [office] (request: Request<NoInput>) in
            TagsOutput(tags: try await office.conversations.allTags(in: request.tenant).map(TagOutput.init))
        }
    }

    private struct LabelInput: Input {
        static let fields: [Field] = [.body("label", .text(1...Tag.Bounds.labelCharacters))]

        let label: String
    }

    private var makeTag: Route {
        Route(
            .post, "/tags", "inbox.makeTag", "Makes a tag, or finds the one of the label.", policy: .signedIn,
            limit: Rates.writing, budget: 1, status: 201,
            failures: [Failures.notAllowed, Failures.message, Failures.limit]
        ) { [office] (request: Request<LabelInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                let tag = try await office.conversations.makeTag(request.input.label, in: request.tenant)
                await office.tags.forget(in: request.tenant)
                return TagOutput(tag)
            }
        }
    }

    private struct TaggedInput: Input {
        static let fields: [Field] = [.path("id", .id, "The conversation."), .path("tag", .id, "The tag.")]

        let id: ID<Conversation>
        let tag: ID<Tag>
    }

    private var tag: Route {
        Route(
            .put, "/conversations/{id}/tags/{tag}", "inbox.tagConversation", "Puts a tag on a conversation.",
            policy: .signedIn, limit: Rates.writing, budget: 2, status: 204, failures: [Failures.missing]
        ) { [office] (request: Request<TaggedInput>) in
            try await refusing {
                _ = try await office.person(of: request.context, at: request.input.id)
                try await office.conversations.tag(
                    request.input.id, with: request.input.tag, isOn: true, in: request.tenant)
                return NoContent()
            }
        }
    }

    private var untag: Route {
        Route(
            .delete, "/conversations/{id}/tags/{tag}", "inbox.untagConversation", "Takes a tag off a conversation.",
            policy: .signedIn, limit: Rates.writing, budget: 2, status: 204
        ) { [office] (request: Request<TaggedInput>) in
            try await refusing {
                _ = try await office.person(of: request.context, at: request.input.id)
                try await office.conversations.tag(
                    request.input.id, with: request.input.tag, isOn: false, in: request.tenant)
                return NoContent()
            }
        }
    }
}
