//! Who is acting: a request from this machine without a credential.

use doorward_benches::Suite;

use crate::scene::{HERE, NOW, door};

pub(crate) fn benches(suite: &mut Suite) {
    let door = door();
    suite.bench("the local user", || door.authenticate(HERE, NOW).is_ok());
}
