//! The document of the API (OpenAPI 3.1), made of the authorization table and of the types of the views: it says what is
//! answered, since it is what answers.

use crate::{
    route::{API, Do, Method, Needs, Param, Place, ROUTES, Route},
    views,
};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// The document.
pub(crate) fn document() -> Value {
    let mut schemas =
        SchemaSettings::draft2020_12().with(|s| s.definitions_path = "/components/schemas".into()).into_generator();
    let mut paths: Map<String, Value> = Map::new();
    for route in ROUTES.iter().filter(|r| r.place != Place::Page) {
        let method = match route.method {
            Method::Get => "get",
            Method::Post => "post",
        };
        paths.insert(format!("{API}{}", route.path), json!({ method: operation(route, &mut schemas) }));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Doorward",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The trail, and what is granted, approved and withheld. Times are UTC. What an agent, a server \
                            or a text said stands here as it came: show it as text.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas.take_definitions(true),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "a token that `doorward console --token` made" },
                "session": { "type": "apiKey", "in": "cookie", "name": crate::session::COOKIE },
            },
        },
        "security": [{ "token": [] }, { "session": [] }],
    })
}

fn operation(route: &Route, schemas: &mut SchemaGenerator) -> Value {
    let role = match route.needs {
        Needs::Nothing => "anybody".to_owned(),
        Needs::Role(role) => role.to_string(),
    };
    let content = |schema: Schema| json!({ "application/json": { "schema": schema } });
    let refused = content(schemas.subschema_for::<views::Refused>());
    let text = |what: &str| json!({ "type": "string", "description": what });
    let parameter = |p: &Param| json!({ "name": p.name, "in": "query", "required": p.required, "description": p.what, "schema": { "type": "string" } });
    let (takes, what) = match route.method {
        Method::Get => ("parameters", route.params.iter().map(parameter).collect::<Value>()),
        Method::Post => {
            let properties: Map<String, Value> =
                route.params.iter().map(|p| (p.name.to_owned(), text(p.what))).collect();
            let required: Vec<&str> = route.params.iter().filter(|p| p.required).map(|p| p.name).collect();
            let schema = json!({ "type": "object", "properties": properties, "required": required });
            ("requestBody", json!({ "required": true, "content": { "application/json": { "schema": schema } } }))
        }
    };
    json!({
        "operationId": route.path.trim_start_matches('/').replace(['/', '.'], "-"),
        "summary": route.what,
        "x-role": role,
        "x-recorded": route.recorded,
        (takes): what,
        "responses": {
            "200": { "description": "what was asked for", "content": content(schema_of(route.act, schemas)) },
            "400": { "description": "it cannot be meant", "content": refused },
            "401": { "description": "nobody signed in" },
            "403": { "description": "it takes another role", "content": refused },
            "404": { "description": "it is not there", "content": refused },
            "409": { "description": "it is not as it was when it was looked at", "content": refused },
        },
    })
}

/// The schema of what a row gives.
fn schema_of(act: Do, schemas: &mut SchemaGenerator) -> Schema {
    match act {
        Do::Overview => schemas.subschema_for::<views::Overview>(),
        Do::Conversations => schemas.subschema_for::<views::Conversations>(),
        Do::Conversation => schemas.subschema_for::<views::Conversation>(),
        Do::Records | Do::Findings => schemas.subschema_for::<views::Records>(),
        Do::Call => schemas.subschema_for::<views::Call>(),
        Do::Chain => schemas.subschema_for::<views::Chain>(),
        Do::Agents | Do::Humans => schemas.subschema_for::<views::Parties>(),
        Do::Agent | Do::Human => schemas.subschema_for::<views::PartyView>(),
        Do::Servers => schemas.subschema_for::<views::Servers>(),
        Do::Server => schemas.subschema_for::<views::ServerView>(),
        Do::Definitions => schemas.subschema_for::<views::Definitions>(),
        Do::Definition => schemas.subschema_for::<views::DefinitionView>(),
        Do::Delegations => schemas.subschema_for::<views::Delegations>(),
        Do::Approvals => schemas.subschema_for::<views::Approvals>(),
        Do::Sources => schemas.subschema_for::<views::Sources>(),
        Do::Integrity => schemas.subschema_for::<views::Integrity>(),
        Do::Level => schemas.subschema_for::<views::LevelView>(),
        Do::Me => schemas.subschema_for::<views::Me>(),
        Do::DecideDefinition | Do::Revoke | Do::DecideApproval | Do::Forget | Do::Verify | Do::ChangeLevel => {
            schemas.subschema_for::<views::Done>()
        }
        Do::OpenApi | Do::Live | Do::SignIn | Do::Link | Do::Begin | Do::Callback | Do::SignOut | Do::Asset => {
            schemas.subschema_for::<Map<String, Value>>()
        }
    }
}
