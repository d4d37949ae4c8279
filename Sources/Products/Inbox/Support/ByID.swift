import Base
import Web

/// The input of a form whose address names one thing and that says nothing else.
struct ByID<Entity>: Input {
    static var fields: [Field] { [.path("id", .id)] }

    let id: ID<Entity>
}
