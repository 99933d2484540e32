//! A secret that the operator keeps: a key, a token, or a name with its password.

use crate::{Failure, Issued, Keeper, Material, Order, PerWhom, Provider, Step};

/// A secret that does not change by itself. It is the gateway's own account, unless the operator writes one for each person.
#[derive(Debug)]
pub struct Fixed {
    /// The secret, or the password.
    pub secret: Box<dyn Keeper>,
    /// The name, where the secret is its password.
    pub user: Option<Box<str>>,
    /// Whose account it is, for people.
    pub account: Option<Box<str>>,
}

impl Provider for Fixed {
    fn kind(&self) -> &'static str {
        "static"
    }
    fn per(&self) -> PerWhom {
        PerWhom::Everybody
    }
    fn narrows(&self) -> bool {
        false
    }
    fn is_fetched(&self) -> bool {
        false
    }
    fn begin<'a>(&'a self, _: &'a Order<'a>) -> Result<Step<'a>, Failure> {
        let secret = self.secret.show()?;
        let material = match &self.user {
            None => Material::Token(secret),
            Some(user) => Material::Basic { user: user.clone(), password: secret },
        };
        Ok(Step::Have(Issued { account: self.account.clone(), ..Issued::new(material) }))
    }
}
