//! One life of each other kind of programme.
