//! `#[derive(Encode, Decode)]` for core's binary codec; what the attributes mean stands in `core/src/cbor.rs`.
//!
//! What is written here is short on purpose: a table of fields for writing, one call for each field for reading. The page carries
//! it for every type that travels.
#![forbid(unsafe_code)]

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Error, Field, Fields, Ident, LitInt, Member, Result};

#[proc_macro_derive(Encode, attributes(n, cbor))]
pub fn encode(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, Direction::Encode)
}

#[proc_macro_derive(Decode, attributes(n, cbor))]
pub fn decode(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    derive(input, Direction::Decode)
}

enum Direction {
    Encode,
    Decode,
}

fn derive(input: proc_macro::TokenStream, direction: Direction) -> proc_macro::TokenStream {
    let input = syn::parse_macro_input!(input as DeriveInput);
    let tokens = match (Type::read(&input), direction) {
        (Ok(read), Direction::Encode) => read.encode(),
        (Ok(read), Direction::Decode) => read.decode(),
        (Err(error), _) => error.to_compile_error(),
    };
    tokens.into()
}

/// A type as its declaration says it.
struct Type<'a> {
    input: &'a DeriveInput,
    shape: Shape<'a>,
}

enum Shape<'a> {
    Transparent(Place<'a>),
    Row(Vec<Place<'a>>),
    Variants(Vec<Variant<'a>>),
    /// Variants that travel as their number alone.
    Numbers(Vec<Variant<'a>>),
}

struct Variant<'a> {
    name: &'a Ident,
    number: u64,
    fields: Vec<Place<'a>>,
}

/// A field with its number.
struct Place<'a> {
    number: u64,
    member: Member,
    field: &'a Field,
    options: Options,
}

#[derive(Default)]
struct Options {
    number: Option<u64>,
    transparent: bool,
    index_only: bool,
    bytes: bool,
    default: bool,
    known: bool,
}

impl Options {
    fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut options = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("n") {
                options.number = Some(attribute.parse_args::<LitInt>()?.base10_parse()?);
            }
            if !attribute.path().is_ident("cbor") {
                continue;
            }
            attribute.parse_nested_meta(|meta| {
                let option = [
                    ("transparent", &mut options.transparent),
                    ("index_only", &mut options.index_only),
                    ("bytes", &mut options.bytes),
                    ("default", &mut options.default),
                    ("known", &mut options.known),
                ]
                .into_iter()
                .find(|(name, _)| meta.path.is_ident(name));
                match option {
                    Some((_, option)) => *option = true,
                    None => return Err(meta.error("the codec has no such option")),
                }
                Ok(())
            })?;
        }
        Ok(options)
    }

    fn numbered(&self, what: &impl Spanned) -> Result<u64> {
        let missing = || Error::new(what.span(), "`#[n(..)]` is missing");
        self.number.ok_or_else(missing)
    }
}

impl<'a> Type<'a> {
    fn read(input: &'a DeriveInput) -> Result<Self> {
        let options = Options::read(&input.attrs)?;
        let shape = match &input.data {
            Data::Struct(data) => {
                let mut places = places(&data.fields)?;
                match (options.transparent, places.len()) {
                    (false, _) => Shape::Row(places),
                    (true, 1) => Shape::Transparent(places.remove(0)),
                    (true, _) => {
                        return Err(Error::new(input.span(), "there must be one field"));
                    }
                }
            }
            Data::Enum(data) => {
                let mut variants: Vec<Variant<'_>> = Vec::new();
                for variant in &data.variants {
                    let number = Options::read(&variant.attrs)?.numbered(variant)?;
                    if variants.iter().any(|other| other.number == number) {
                        return Err(Error::new(variant.span(), "this number is taken"));
                    }
                    variants.push(Variant {
                        name: &variant.ident,
                        number,
                        fields: places(&variant.fields)?,
                    });
                }
                if options.index_only {
                    Shape::Numbers(variants)
                } else {
                    Shape::Variants(variants)
                }
            }
            Data::Union(_) => return Err(Error::new(input.span(), "a union cannot travel")),
        };
        Ok(Self { input, shape })
    }

    fn encode(&self) -> TokenStream {
        let name = &self.input.ident;
        let mut is_nil = TokenStream::new();
        let body = match &self.shape {
            Shape::Transparent(place) => {
                let member = &place.member;
                is_nil = quote! {
                    fn is_nil(&self) -> bool {
                        crate::cbor::Encode::is_nil(&self.#member)
                    }
                };
                quote!(crate::cbor::Encode::encode(&self.#member, to))
            }
            Shape::Row(places) => {
                let fields = written(places, |place| {
                    let member = &place.member;
                    quote!(self.#member)
                });
                quote!(to.row(&[#(#fields),*]))
            }
            Shape::Variants(variants) => {
                let arms = variants.iter().map(|variant| {
                    let (pattern, number) = (variant.pattern(), variant.number);
                    let fields = written(&variant.fields, |place| {
                        let local = place.local();
                        quote!(*#local)
                    });
                    quote!(#name::#pattern => to.variant(#number, &[#(#fields),*]),)
                });
                quote!(match self { #(#arms)* })
            }
            Shape::Numbers(variants) => {
                let arms = variants.iter().map(|variant| {
                    let (variant, number) = (variant.name, variant.number);
                    quote!(#name::#variant => #number,)
                });
                quote!(to.number(match self { #(#arms)* }))
            }
        };
        let (generics, arguments, bounds) = self.generics(&quote!(crate::cbor::Encode));
        quote! {
            impl #generics crate::cbor::Encode for #name #arguments #bounds {
                fn encode(&self, to: &mut crate::cbor::Writer) {
                    #body
                }
                #is_nil
            }
        }
    }

    fn decode(&self) -> TokenStream {
        let name = &self.input.ident;
        let mut nil = TokenStream::new();
        let body = match &self.shape {
            Shape::Transparent(place) => {
                let member = &place.member;
                nil = quote! {
                    fn nil() -> Option<Self> {
                        Some(Self { #member: crate::cbor::Decode::nil()? })
                    }
                };
                quote!(Some(Self { #member: crate::cbor::Decode::decode(from)? }))
            }
            Shape::Row(places) => {
                let (reads, inits) = read(places);
                quote! {
                    let mut row = from.open()?;
                    #(#reads)*
                    from.close(row)?;
                    Some(Self { #(#inits),* })
                }
            }
            Shape::Variants(variants) => {
                let arms = variants.iter().map(|variant| {
                    let (number, variant_name) = (variant.number, variant.name);
                    let (reads, inits) = read(&variant.fields);
                    quote! {
                        #number => {
                            #(#reads)*
                            #name::#variant_name { #(#inits),* }
                        }
                    }
                });
                quote! {
                    let (variant, mut row) = from.variant()?;
                    let value = match variant {
                        #(#arms)*
                        _ => return from.unknown_variant(),
                    };
                    from.close(row)?;
                    Some(value)
                }
            }
            Shape::Numbers(variants) => {
                let arms = variants.iter().map(|variant| {
                    let (variant, number) = (variant.name, variant.number);
                    quote!(#number => #name::#variant,)
                });
                quote! {
                    Some(match from.number()? {
                        #(#arms)*
                        _ => return from.unknown_variant(),
                    })
                }
            }
        };
        let (generics, arguments, bounds) = self.generics(&quote!(crate::cbor::Decode));
        quote! {
            impl #generics crate::cbor::Decode for #name #arguments #bounds {
                fn decode(from: &mut crate::cbor::Reader<'_>) -> Option<Self> {
                    #body
                }
                #nil
            }
        }
    }

    /// The generics of an implementation: each parameter must be able to do the same.
    fn generics(&self, bound: &TokenStream) -> (TokenStream, TokenStream, TokenStream) {
        let (generics, arguments, _) = self.input.generics.split_for_impl();
        let parameters = self.input.generics.type_params();
        let bounds = parameters.map(|parameter| {
            let parameter = &parameter.ident;
            quote!(#parameter: #bound)
        });
        (
            quote!(#generics),
            quote!(#arguments),
            quote!(where #(#bounds),*),
        )
    }
}

impl Variant<'_> {
    fn pattern(&self) -> TokenStream {
        let name = self.name;
        let fields = self.fields.iter().map(|place| {
            let (member, local) = (&place.member, place.local());
            quote!(#member: #local)
        });
        quote!(#name { #(#fields),* })
    }
}

impl Place<'_> {
    fn local(&self) -> Ident {
        match &self.member {
            Member::Named(name) => format_ident!("field_{name}"),
            Member::Unnamed(index) => format_ident!("field_{}", index.index),
        }
    }
}

/// The fields in the order of their numbers.
fn places(fields: &Fields) -> Result<Vec<Place<'_>>> {
    let mut places = Vec::new();
    for (member, field) in fields.members().zip(fields) {
        let options = Options::read(&field.attrs)?;
        places.push(Place {
            number: options.numbered(field)?,
            member,
            field,
            options,
        });
    }
    places.sort_by_key(|place| place.number);
    for two in places.windows(2) {
        if two[0].number == two[1].number {
            return Err(Error::new(two[1].field.span(), "this number is taken"));
        }
    }
    Ok(places)
}

/// The table of what is written, with something at the places of numbers that are not in use.
fn written(places: &[Place<'_>], value: impl Fn(&Place<'_>) -> TokenStream) -> Vec<TokenStream> {
    let mut written = Vec::new();
    for place in places {
        while (written.len() as u64) < place.number {
            written.push(quote!(&crate::cbor::Gap as &dyn crate::cbor::Encode));
        }
        let value = value(place);
        written.push(if place.options.bytes {
            quote!(&crate::cbor::Bytes(&#value) as &dyn crate::cbor::Encode)
        } else {
            quote!(&#value as &dyn crate::cbor::Encode)
        });
    }
    written
}

/// What reads the fields, and what puts them into their places.
fn read(places: &[Place<'_>]) -> (Vec<TokenStream>, Vec<TokenStream>) {
    let (mut reads, mut inits) = (Vec::new(), Vec::new());
    let mut next = 0;
    for place in places {
        for _ in next..place.number {
            reads.push(quote!(from.gap(&mut row)?;));
        }
        next = place.number + 1;
        let (member, local) = (&place.member, place.local());
        reads.push(if place.options.bytes {
            quote!(let #local = from.field::<crate::cbor::OwnedBytes>(&mut row)?.0;)
        } else if place.options.default {
            quote!(let #local = from.field_or_default(&mut row)?;)
        } else if place.options.known {
            quote!(let #local = from.field_known(&mut row)?;)
        } else {
            quote!(let #local = from.field(&mut row)?;)
        });
        inits.push(quote!(#member: #local));
    }
    (reads, inits)
}
